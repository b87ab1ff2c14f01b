import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Server {
    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(System.getenv("PORT"))), 0);
        server.createContext("/", exchange -> {
            String body = "Java " + System.getProperty("java.specification.version") + ", heap of "
                + (Runtime.getRuntime().maxMemory() >> 20) + " MB, " + System.getenv("JDBC_DATABASE_URL");
            exchange.sendResponseHeaders(200, body.length());
            exchange.getResponseBody().write(body.getBytes());
            exchange.close();
        });
        server.start();
    }
}
