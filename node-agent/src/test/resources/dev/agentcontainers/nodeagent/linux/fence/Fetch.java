import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Prints what is at a URL, or comes back for a message to a WebSocket there, by Java's own client as it comes. */
class Fetch {
    public static void main(String[] arguments) throws Exception {
        URI place = URI.create(arguments[0]);
        if (place.getScheme().startsWith("ws")) {
            System.out.print(echo(place));
            return;
        }
        HttpRequest request = HttpRequest.newBuilder(place).build();
        System.out.print(
                HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    private static CharSequence echo(URI place) {
        CompletableFuture<CharSequence> echo = new CompletableFuture<>();
        WebSocket socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(place, new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
                        echo.complete(data.toString());
                        return null;
                    }
                })
                .join();
        socket.sendText("hello by Java", true);
        CharSequence text = echo.join();
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        return text;
    }
}
