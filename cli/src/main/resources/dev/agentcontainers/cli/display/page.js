// Shows what WebScreen.java sends, and sends what is typed and pointed at. No clipboard.
"use strict";

const canvas = document.getElementById("screen");
const picture = canvas.getContext("2d", {alpha: false});
const state = document.getElementById("state");
const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");

// The bytes of an answer, as many as wanted at a time.
class Bytes {
    constructor(reader) {
        this.reader = reader;
        this.parts = [];
        this.held = 0;
    }

    async take(count) {
        while (this.held < count) {
            const {done, value} = await this.reader.read();
            if (done) {
                return null;
            }
            this.parts.push(value);
            this.held += value.length;
        }
        const taken = new Uint8Array(count);
        let at = 0;
        while (at < count) {
            const part = this.parts[0];
            const some = Math.min(part.length, count - at);
            taken.set(part.subarray(0, some), at);
            at += some;
            if (some === part.length) {
                this.parts.shift();
            } else {
                this.parts[0] = part.subarray(some);
            }
        }
        this.held -= count;
        return taken;
    }

    async numbers(count) {
        const bytes = await this.take(2 * count);
        return bytes && Array.from({length: count}, (_, i) => bytes[2 * i] << 8 | bytes[2 * i + 1]);
    }
}

async function show() {
    const answer = await fetch("screen?id=" + id);
    if (!answer.ok) {
        throw new Error("HTTP code " + answer.status);
    }
    const bytes = new Bytes(answer.body.getReader());
    for (let kind = await bytes.take(1); kind; kind = await bytes.take(1)) {
        if (kind[0] === 0) {
            const [width, height] = await bytes.numbers(2);
            canvas.width = width;
            canvas.height = height;
            state.textContent = width + " by " + height;
            canvas.focus();
        } else {
            const [x, y, width, height] = await bytes.numbers(4);
            if (kind[0] === 1) {
                const pixels = await bytes.take(4 * width * height);
                if (width > 0 && height > 0) {
                    picture.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), x, y);
                }
            } else {
                const [fromX, fromY] = await bytes.numbers(2);
                picture.drawImage(canvas, fromX, fromY, width, height, x, y, width, height);
            }
        }
    }
}

let waiting = [];
let sending = false;

// In the order in which they came, as many at once as have come meanwhile.
async function send(...event) {
    waiting.push(...event);
    if (sending) {
        return;
    }
    sending = true;
    try {
        while (waiting.length > 0) {
            const events = new Uint8Array(waiting.splice(0, 6000));
            await fetch("input?id=" + id, {method: "POST", body: events});
        }
    } catch (e) {
        waiting = [];
    } finally {
        sending = false;
    }
}

// X11, keysymdef.h.
const KEYS = {
    Backspace: 0xff08, Tab: 0xff09, Enter: 0xff0d, Pause: 0xff13, ScrollLock: 0xff14, Escape: 0xff1b, Home: 0xff50,
    ArrowLeft: 0xff51, ArrowUp: 0xff52, ArrowRight: 0xff53, ArrowDown: 0xff54, PageUp: 0xff55, PageDown: 0xff56,
    End: 0xff57, Insert: 0xff63, ContextMenu: 0xff67, NumLock: 0xff7f, Delete: 0xffff, CapsLock: 0xffe5,
    AltGraph: 0xfe03
};
const PAIRS = {Shift: 0xffe1, Control: 0xffe3, Meta: 0xffe7, Alt: 0xffe9};
const down = new Map();

function symbol(event) {
    if (PAIRS[event.key]) {
        return PAIRS[event.key] + (event.location === 2 ? 1 : 0);
    }
    if (/^F[0-9]{1,2}$/.test(event.key)) {
        return 0xffbd + Number(event.key.substring(1));
    }
    if (Array.from(event.key).length === 1) {
        const point = event.key.codePointAt(0);
        return point < 0x100 ? point : 0x01000000 + point;
    }
    return KEYS[event.key] || 0;
}

function key(pressed, keysym) {
    send(4, pressed, keysym >>> 24, keysym >>> 16 & 255, keysym >>> 8 & 255, keysym & 255);
}

canvas.addEventListener("keydown", event => {
    const keysym = symbol(event);
    if (keysym) {
        down.set(event.code, keysym);
        key(1, keysym);
    }
    event.preventDefault();
});

canvas.addEventListener("keyup", event => {
    const keysym = down.get(event.code);
    if (keysym) {
        down.delete(event.code);
        key(0, keysym);
    }
    event.preventDefault();
});

// What is held when the page is left would stay down.
canvas.addEventListener("blur", () => {
    down.forEach(keysym => key(0, keysym));
    down.clear();
});

function pointer(event, more) {
    const place = canvas.getBoundingClientRect();
    const x = Math.max(0, Math.min(canvas.width - 1, Math.floor(event.clientX - place.left)));
    const y = Math.max(0, Math.min(canvas.height - 1, Math.floor(event.clientY - place.top)));
    const buttons = event.buttons & 1 | (event.buttons & 4) >> 1 | (event.buttons & 2) << 1 | more;
    send(5, buttons, x >> 8, x & 255, y >> 8, y & 255);
}

for (const name of ["mousedown", "mouseup", "mousemove"]) {
    canvas.addEventListener(name, event => {
        if (name === "mousedown") {
            canvas.focus();
        }
        pointer(event, 0);
        event.preventDefault();
    });
}
canvas.addEventListener("contextmenu", event => event.preventDefault());
canvas.addEventListener("wheel", event => {
    if (event.deltaY !== 0) {
        pointer(event, event.deltaY < 0 ? 8 : 16);
        pointer(event, 0);
    }
    event.preventDefault();
}, {passive: false});

show().then(() => "the display has ended", error => "not connected: " + error.message).then(text => {
    state.textContent = text;
});
