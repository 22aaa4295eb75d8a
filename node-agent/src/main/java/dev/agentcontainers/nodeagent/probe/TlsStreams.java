package dev.agentcontainers.nodeagent.probe;

import dev.agentcontainers.nodeagent.fence.AgentConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * TLS over a connection to an agent. Its certificate is not checked, as the kubelet doesn't: the connection is to the agent and
 * nobody else, and nothing secret is said. It ends with the connection, without a farewell that an agent could keep from ending.
 */
final class TlsStreams {
    private final SSLSocket socket;

    private TlsStreams(SSLSocket socket) {
        this.socket = socket;
    }

    static TlsStreams over(AgentConnection connection, String host, int port) throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Unchecked()}, null);
            SSLSocket socket =
                    (SSLSocket) context.getSocketFactory().createSocket(new Connected(connection), host, port, true);
            socket.startHandshake();
            return new TlsStreams(socket);
        } catch (GeneralSecurityException e) {
            throw new IOException("this Java has no TLS", e);
        }
    }

    InputStream input() throws IOException {
        return socket.getInputStream();
    }

    OutputStream output() throws IOException {
        return socket.getOutputStream();
    }

    /** A connection in the form that Java's TLS takes. */
    private static final class Connected extends Socket {
        private final AgentConnection connection;

        Connected(AgentConnection connection) {
            this.connection = connection;
        }

        @Override
        public boolean isConnected() {
            return true;
        }

        @Override
        public InetAddress getInetAddress() {
            return InetAddress.ofLiteral(connection.address());
        }

        @Override
        public InputStream getInputStream() {
            return connection.input();
        }

        @Override
        public OutputStream getOutputStream() {
            return connection.output();
        }

        @Override
        public void setTcpNoDelay(boolean on) {}

        @Override
        public void setSoTimeout(int timeout) {}

        @Override
        public int getSoTimeout() {
            return 0;
        }

        @Override
        public void setSoLinger(boolean on, int linger) {}

        @Override
        public int getSoLinger() {
            return -1;
        }

        @Override
        public void shutdownInput() {}

        @Override
        public void shutdownOutput() {}

        @Override
        public void close() {
            connection.close();
        }
    }

    private static final class Unchecked extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
