"""A small agent: works through the task files in its workspace and asks two services on the way.

It knows nothing of the policy it runs under. Each line of its output is one JSON object.
"""

import json
import os
import pathlib
import time
import urllib.error
import urllib.request

WORKSPACE = pathlib.Path(os.environ.get("WORKSPACE", "/workspace"))
SERVICES = {"knowledge": os.environ["KNOWLEDGE_URL"], "collector": os.environ["COLLECTOR_URL"]}


def say(**event):
    print(json.dumps(event), flush=True)


def call(name, url, payload):
    """Posts the payload to a service and returns what came of it, never raising."""
    request = urllib.request.Request(url, data=json.dumps(payload).encode(), method="POST")
    started = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            outcome = {"result": "answered", "answer": json.load(response)}
    except (urllib.error.URLError, OSError) as error:
        outcome = {"result": "failed", "error": str(getattr(error, "reason", error))}
    outcome["milliseconds"] = round((time.monotonic() - started) * 1000, 1)
    say(event="call", service=name, url=url, **outcome)
    return outcome


def main():
    tasks = WORKSPACE / "tasks"
    results = WORKSPACE / "results"
    tasks.mkdir(parents=True, exist_ok=True)
    results.mkdir(exist_ok=True)
    for number, text in enumerate(["count the words of this sentence", "name the longest word here"], start=1):
        (tasks / f"{number}.txt").write_text(text)

    say(event="started", uid=os.getuid(), workspace=str(WORKSPACE), task=os.environ.get("TASK"))
    for task in sorted(tasks.glob("*.txt")):
        words = task.read_text().split()
        known = call("knowledge", SERVICES["knowledge"], {"words": words})
        summary = {"words": len(words), "longest": max(words, key=len), "knowledge": known.get("answer")}
        (results / f"{task.stem}.json").write_text(json.dumps(summary))
        say(event="task", task=task.name, summary=summary)
        call("collector", SERVICES["collector"], summary)
    say(event="finished", results=sorted(path.name for path in results.iterdir()))


main()
