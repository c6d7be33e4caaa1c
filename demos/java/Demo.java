/*
 * A first payment with Heliu in Java 11 or newer, standard library only:  java Demo.java [PAY_TYPE] [--by-hand]
 *
 * COPY the class Heliu (and Json, unless your project has a JSON library): it signs calls and verifies answers and
 * notifications. The class Demo is the story; TerminalQr draws the code.
 */
import com.sun.net.httpserver.HttpServer;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

public class Demo {
    static final long TOTAL_FEE = 221; // in fen: 2.21 yuan
    static final String OK = "\u2713"; // this file is plain ASCII: javac takes the system's encoding
    static final String HELP = "java Demo.java [PAY_TYPE] [--by-hand]\n\n"
        + "  PAY_TYPE    wechat.scan (default) or alipay.scan\n"
        + "  --by-hand   you pay it yourself in the wallet page\n\n"
        + "Settings: the sandbox's file $HELIU_HOME/sandbox.json (HELIU_HOME is .heliu unless it is set), or without it\n"
        + "HELIU_URL, MERCHANT_ID, MERCHANT_KEY_FILE and PLATFORM_KEY_FILE (PEM), and CONTROL_URL for the simulated phone.";

    public static void main(String[] arguments) throws Exception {
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8"));
        List<String> words = new ArrayList<>(Arrays.asList(arguments));
        boolean by_hand = words.remove("--by-hand");
        if (words.remove("--help")) {
            System.out.println(HELP);
            return;
        }
        int status = 0;
        NotifyServer server = null;
        try {
            if (words.size() > 1 || words.stream().anyMatch(word -> word.startsWith("-"))) throw new Explained(HELP);
            Settings settings = Settings.read();
            Heliu heliu = new Heliu(settings.url, settings.merchant_id, settings.private_key, settings.platform_key);
            server = new NotifyServer(heliu);
            story(heliu, server, settings, words.isEmpty() ? "wechat.scan" : words.get(0), by_hand);
        } catch (Explained | Heliu.Refused | Heliu.NotGenuine error) {
            System.err.println("\n" + error.getMessage());
            status = 1;
        } catch (IOException error) {
            System.err.println("\nThe gateway does not answer (" + error + "). Start the sandbox: npm start.");
            status = 1;
        }
        if (server != null) server.stop();
        System.exit(status);
    }

    static void story(Heliu heliu, NotifyServer server, Settings settings, String pay_type, boolean by_hand) throws Exception {
        // A number of yours, unique for ever. Store the order under it before you call: whatever happens, you can query it.
        String number = "demo.java." + System.currentTimeMillis();

        step("1  Place the order");
        Map<String, Object> placed = call(heliu, "/v2/pay", Json.object(
            "pay_type", pay_type, "mch_trade_id", number, "total_fee", TOTAL_FEE, "body", "Heliu demo, one coffee",
            "spbill_create_ip", "127.0.0.1", "notify_url", server.url + "/paid", "attach", "comes back in the notification"));
        String code_url = (String) placed.get("code_url");
        if (code_url == null) throw new Explained(pay_type + " gives no code to scan: take wechat.scan or alipay.scan.");

        step("2  The payer scans the code");
        String picture = TerminalQr.draw(code_url);
        System.out.println((picture == null ? "   (too long for a code in this terminal)" : picture) + "\n\n   " + code_url + "\n");
        if (by_hand) System.out.println("   Open the wallet page and pay it there:\n   " + settings.control_url);
        else settings.scan(code_url);

        step("3  The notification arrives");
        Map<String, Object> paid = server.next("/paid", by_hand ? 7200 : 90);
        // Compare with your own books before you ship anything: number, amount, state.
        expect("the order", paid.get("mch_trade_id"), number);
        expect("the amount", paid.get("total_fee"), TOTAL_FEE);
        expect("trade_state (0 is paid)", paid.get("trade_state"), 0L);

        step("4  A forged notification arrives: the same one, with another amount");
        System.out.println("   " + OK + " refused: " + server.sendForgery());

        step("5  Query the order");
        expect("trade_state (0 is paid)", call(heliu, "/v2/pay/query", Json.object("mch_trade_id", number)).get("trade_state"), 0L);

        step("6  Refund it");
        Map<String, Object> refunded = call(heliu, "/v2/pay/refund", Json.object(
            "mch_trade_id", number, "mch_refund_id", number + ".refund.1", "refund_fee", TOTAL_FEE,
            "refund_desc", "the demo is over", "notify_url", server.url + "/refunded"));
        expect("trade_state (1 is being refunded)", refunded.get("trade_state"), 1L);

        step("7  The notification of the refund arrives");
        Map<String, Object> refund = Json.objectIn(server.next("/refunded", 90), "refunds");
        expect("refund_status (0 is refunded)", refund.get("refund_status"), 0L);

        step("8  Query the order again");
        expect("refunded_fee", call(heliu, "/v2/pay/query", Json.object("mch_trade_id", number)).get("refunded_fee"), TOTAL_FEE);
        System.out.println("\nPaid, notified, refunded, notified. Everything was signed and verified.");
    }

    /** Calls the gateway and shows what went out and what came back. */
    static Map<String, Object> call(Heliu heliu, String path, Map<String, Object> fields) throws Exception {
        System.out.println("   POST " + heliu.url(path) + "  as a signed JWT\n     " + Json.write(fields) + "\n");
        Map<String, Object> answer = heliu.call(path, fields);
        System.out.println("   -> " + OK + " signed by the platform\n     " + Json.write(answer) + "\n");
        return Json.objectIn(answer, "data");
    }

    static void expect(String what, Object found, Object wanted) {
        if (!wanted.equals(found)) throw new Explained(what + ": expected " + wanted + ", found " + found);
        System.out.println("   " + OK + " " + what + ": " + found);
    }

    static void step(String title) {
        System.out.println("\n" + title + "\n");
    }
}

// ---- COPY FROM HERE -----------------------------------------------------------------------------------------------------

/** One merchant at one gateway. Thread-safe: make one and keep it. */
class Heliu {
    /** The gateway said no. Codes: docs/api.md. 500, 503 and 601 mean that the outcome is unknown: query the order. */
    static class Refused extends RuntimeException {
        final long code;

        Refused(long code, String msg) {
            super("code " + code + ": " + msg);
            this.code = code;
        }
    }

    /** The platform did not sign this notification: nothing in it is true. */
    static class NotGenuine extends RuntimeException {
        NotGenuine(String reason) {
            super(reason);
        }
    }

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final SecureRandom random = new SecureRandom();
    private final String gateway_url;
    private final String merchant_id;
    private final PrivateKey private_key;
    private final PublicKey platform_key;

    /** Keys as PEM or one line of base64: your private key as PKCS#8, the platform's public key as it gives it. */
    Heliu(String gateway_url, String merchant_id, String private_key, String platform_key) throws GeneralSecurityException {
        this.gateway_url = gateway_url;
        this.merchant_id = merchant_id;
        KeyFactory rsa = KeyFactory.getInstance("RSA");
        this.private_key = rsa.generatePrivate(new PKCS8EncodedKeySpec(der(private_key)));
        this.platform_key = rsa.generatePublic(new X509EncodedKeySpec(der(platform_key)));
    }

    String url(String path) {
        return gateway_url + path + "?merchant_id=" + merchant_id;
    }

    /**
     * Signs the documented fields of an endpoint, sends them, and verifies the answer before it is believed.
     * IOException means that the outcome is unknown: query the order, or send the same number with the same fields again.
     */
    Map<String, Object> call(String path, Map<String, Object> fields) throws IOException, InterruptedException, GeneralSecurityException {
        Map<String, Object> claims = new LinkedHashMap<>(fields);
        // A random number that is never used twice, so that nobody can send a copy of the request.
        claims.put("nonce_str", new BigInteger(128, random).toString(16));
        HttpRequest request = HttpRequest.newBuilder(URI.create(url(path)))
            // Longer than the gateway waits for a channel (at most 20 s), so that we hear its answer rather than give up before it.
            .timeout(Duration.ofSeconds(30)).header("content-type", "text/plain")
            .POST(HttpRequest.BodyPublishers.ofString(sign(claims))).build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        try {
            if (!answer.body().startsWith("{")) return read(answer.body());
            Map<String, Object> refusal = Json.read(answer.body());
            if (refusal.get("code") instanceof Long) throw new Refused((Long) refusal.get("code"), String.valueOf(refusal.get("msg")));
        } catch (NotGenuine | IllegalArgumentException error) {
            // Told below.
        }
        // A proxy's page, say. The gateway may have done what was asked all the same.
        throw new IOException("HTTP " + answer.statusCode() + " with a body that is no answer of the gateway: the outcome is unknown");
    }

    /** Reads a JWT of the platform: a successful answer, or the body of a notification. */
    Map<String, Object> read(String token) throws GeneralSecurityException {
        String[] parts = token.trim().split("\\.", -1);
        if (parts.length != 3) throw new NotGenuine("this is no JWT");
        try {
            // The algorithm is ours to say (RS256), whatever the token's header claims.
            Signature verifier = Signature.getInstance("SHA256withRSA");
            verifier.initVerify(platform_key);
            verifier.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
            if (!verifier.verify(Base64.getUrlDecoder().decode(parts[2]))) throw new NotGenuine("the signature is not that of the platform");
            return Json.read(new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException | java.security.SignatureException error) {
            throw new NotGenuine("the signature is not that of the platform");
        }
    }

    private String sign(Map<String, Object> claims) throws GeneralSecurityException {
        String signed = base64("{\"alg\":\"RS256\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.UTF_8))
            + "." + base64(Json.write(claims).getBytes(StandardCharsets.UTF_8));
        Signature signer = Signature.getInstance("SHA256withRSA");
        signer.initSign(private_key);
        signer.update(signed.getBytes(StandardCharsets.US_ASCII));
        return signed + "." + base64(signer.sign());
    }

    static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static byte[] der(String key) {
        return Base64.getMimeDecoder().decode(key.replaceAll("-----[^-]+-----", ""));
    }
}

/** JSON by the standard library alone: objects are maps, whole numbers Long. Use your project's library if it has one. */
class Json {
    private final String text;
    private int at = 0;

    private Json(String text) {
        this.text = text;
    }

    /** An object from names and values in turn. */
    static Map<String, Object> object(Object... members) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < members.length; i += 2) object.put((String) members[i], members[i + 1]);
        return object;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> objectIn(Map<String, Object> object, String name) {
        if (!(object.get(name) instanceof Map)) throw new IllegalArgumentException("no object " + name);
        return (Map<String, Object>) object.get(name);
    }

    /** Reads an object. Throws IllegalArgumentException when the text is none. */
    static Map<String, Object> read(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.space();
        if (json.at != text.length() || !(value instanceof Map)) throw new IllegalArgumentException("no JSON object");
        return objectIn(object("it", value), "it");
    }

    static String write(Object value) {
        if (value instanceof Map) {
            List<String> members = new ArrayList<>();
            ((Map<?, ?>) value).forEach((name, member) -> members.add(write(name) + ":" + write(member)));
            return "{" + String.join(",", members) + "}";
        }
        if (value instanceof List) {
            List<String> members = new ArrayList<>();
            ((List<?>) value).forEach(member -> members.add(write(member)));
            return "[" + String.join(",", members) + "]";
        }
        if (!(value instanceof String)) return String.valueOf(value);
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : ((String) value).toCharArray()) {
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (c < ' ') quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    private char peek() {
        space();
        if (at >= text.length()) throw new IllegalArgumentException("JSON ends too early");
        return text.charAt(at);
    }

    private void take(String expected) {
        if (!text.startsWith(expected, at)) throw new IllegalArgumentException("no JSON at " + at);
        at += expected.length();
    }

    private Object value() {
        char c = peek();
        if (c == '"') return string();
        if (c == '{') {
            Map<String, Object> object = new LinkedHashMap<>();
            take("{");
            while (peek() != '}') {
                if (!object.isEmpty()) take(",");
                peek();
                String name = string();
                peek();
                take(":");
                object.put(name, value());
            }
            take("}");
            return object;
        }
        if (c == '[') {
            List<Object> list = new ArrayList<>();
            take("[");
            while (peek() != ']') {
                if (!list.isEmpty()) take(",");
                list.add(value());
            }
            take("]");
            return list;
        }
        int start = at;
        while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) at++;
        String word = text.substring(start, at);
        if (word.equals("true") || word.equals("false")) return Boolean.valueOf(word);
        if (word.equals("null")) return null;
        if (word.matches("-?\\d{1,18}")) return Long.valueOf(word);
        return Double.valueOf(word);
    }

    private String string() {
        StringBuilder plain = new StringBuilder();
        take("\"");
        for (;;) {
            if (at >= text.length()) throw new IllegalArgumentException("JSON ends in a text");
            char c = text.charAt(at++);
            if (c == '"') return plain.toString();
            if (c != '\\') {
                plain.append(c);
                continue;
            }
            char escaped = text.charAt(at++);
            int control = "bfnrt".indexOf(escaped);
            if (escaped == 'u') {
                plain.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                at += 4;
            } else plain.append(control >= 0 ? "\b\f\n\r\t".charAt(control) : escaped);
        }
    }
}

// ---- TO HERE ------------------------------------------------------------------------------------------------------------

/** The merchant's server: takes notifications, believes only what the platform signed, and acts on each of them once. */
class NotifyServer {
    final String url;
    private final HttpServer server;
    private final Heliu heliu;
    // In a real shop this is a unique key in the database of your orders. A repeat carries the same nonce_str.
    private final Set<Object> seen = ConcurrentHashMap.newKeySet();
    private final Map<String, BlockingQueue<Map<String, Object>>> arrived = new ConcurrentHashMap<>();
    private volatile String last_body = "";

    NotifyServer(Heliu heliu) throws IOException {
        this.heliu = heliu;
        server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        url = "http://127.0.0.1:" + server.getAddress().getPort();
        server.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readNBytes(65536), StandardCharsets.UTF_8);
            int status = 200;
            String answer = "success"; // "written down, tell me no more"; anything else and Heliu repeats it, for two days
            try {
                take(exchange.getRequestURI().getPath(), body);
            } catch (Exception error) {
                status = 400;
                answer = error.getMessage();
            }
            byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
    }

    private void take(String path, String body) throws GeneralSecurityException {
        Map<String, Object> message = heliu.read(body);
        if (!seen.add(message.get("nonce_str"))) return;
        System.out.println("   POST " + url + path + "  " + Demo.OK + " signed by the platform; answered: success\n     " + Json.write(message) + "\n");
        last_body = body;
        at(path).add(Json.objectIn(message, "data"));
    }

    private BlockingQueue<Map<String, Object>> at(String path) {
        return arrived.computeIfAbsent(path, key -> new LinkedBlockingQueue<>());
    }

    Map<String, Object> next(String path, long seconds) throws InterruptedException {
        Map<String, Object> data = at(path).poll(seconds, TimeUnit.SECONDS);
        if (data == null) throw new Explained("No notification came to " + url + path + ".");
        return data;
    }

    /** What anybody can do who knows our notify_url: send what arrived before, with another amount in it. */
    String sendForgery() throws IOException, InterruptedException {
        String[] parts = last_body.split("\\.");
        String payload = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
        String forged = payload.replaceAll("\"total_fee\":\\d+", "\"total_fee\":1");
        String body = parts[0] + "." + Heliu.base64(forged.getBytes(StandardCharsets.UTF_8)) + "." + parts[2];
        HttpResponse<String> answer = Settings.post(url + "/paid", "text/plain", body);
        if (answer.statusCode() == 200) throw new Explained("A forged notification was taken for genuine.");
        return answer.body() + " (HTTP " + answer.statusCode() + ")";
    }

    void stop() {
        server.stop(0);
    }
}

/** What the demo needs to know. In production all of it comes from your own configuration. */
class Settings {
    final String url;
    final String merchant_id;
    final String private_key;
    final String platform_key;
    final String control_url;

    private Settings(String url, String merchant_id, String private_key, String platform_key, String control_url) {
        this.url = url;
        this.merchant_id = merchant_id;
        this.private_key = private_key;
        this.platform_key = platform_key;
        this.control_url = control_url;
    }

    static Settings read() throws IOException {
        if (!variable("HELIU_URL", "").isEmpty()) {
            return new Settings(variable("HELIU_URL", ""), variable("MERCHANT_ID", null), text(Paths.get(variable("MERCHANT_KEY_FILE", null))),
                text(Paths.get(variable("PLATFORM_KEY_FILE", null))), variable("CONTROL_URL", ""));
        }
        Map<String, Object> file = Json.read(text(Paths.get(variable("HELIU_HOME", ".heliu"), "sandbox.json").toAbsolutePath()));
        Map<String, Object> gateway = Json.objectIn(file, "gateway");
        Map<String, Object> merchant = Json.objectIn(file, "merchant");
        return new Settings((String) gateway.get("url"), (String) merchant.get("merchant_id"), (String) merchant.get("private_key"),
            (String) gateway.get("platform_public_key"), (String) Json.objectIn(file, "simulators").get("url"));
    }

    /** The sandbox's own control: what a person does with a phone, as HTTP. It exists in the sandbox alone. */
    void scan(String code) throws IOException, InterruptedException {
        String body = Json.write(Json.object("code", code, "action", "pay"));
        HttpResponse<String> answer = post(control_url + "/control/scan", "application/json", body);
        System.out.println("   POST " + control_url + "/control/scan  the simulated phone\n     " + answer.body());
        if (answer.statusCode() != 200) throw new Explained("The simulated phone refused: " + answer.body());
    }

    static HttpResponse<String> post(String url, String type, String body) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20)).header("content-type", type)
            .POST(HttpRequest.BodyPublishers.ofString(body)).build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }

    private static String variable(String name, String otherwise) {
        String value = System.getenv(name);
        if (value != null && !value.isEmpty()) return value;
        if (otherwise == null) throw new Explained("With HELIU_URL, set " + name + " too.");
        return otherwise;
    }

    private static String text(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException error) {
            throw new Explained("There is no " + file + ". Start the sandbox first: npm start, with the same HELIU_HOME.");
        }
    }
}

/** Something to tell the person in front of the screen, without a stack. */
class Explained extends RuntimeException {
    Explained(String message) {
        super(message);
    }
}

/**
 * A QR code for the terminal (ISO/IEC 18004): byte mode, error correction L, versions 1 to 6, always mask 0. That is all a
 * payment link needs, and every scanner reads it. On a page use a library.
 */
class TerminalQr {
    private static final int[] DATA = {19, 34, 55, 80, 108, 136};
    private static final int[] CORRECTION = {7, 10, 15, 20, 26, 18};
    private static final String BLOCKS = " \u2584\u2580\u2588"; // none, lower, upper, both
    private static final int FORMAT = 0b111011111000100; // level L and mask 0
    private final int size;
    private final byte[] modules; // 0 not drawn yet, 1 light, 2 dark

    private TerminalQr(int version) {
        size = 17 + 4 * version;
        modules = new byte[size * size];
    }

    /** Half blocks, black on white, with the white border that scanners need; null when the text is longer than 134 bytes. */
    static String draw(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int version = 1;
        while (version <= 6 && bytes.length > DATA[version - 1] - 2) version++;
        if (version > 6) return null;
        TerminalQr code = new TerminalQr(version);
        code.patterns();
        code.words(codewords(bytes, DATA[version - 1], CORRECTION[version - 1], version == 6 ? 2 : 1));
        StringBuilder picture = new StringBuilder();
        for (int row = -4; row < code.size + 4; row += 2) {
            picture.append(row == -4 ? "" : "\n").append("   \u001b[30;107m");
            for (int column = -4; column < code.size + 4; column++) {
                picture.append(BLOCKS.charAt((code.dark(row, column) ? 2 : 0) + (code.dark(row + 1, column) ? 1 : 0)));
            }
            picture.append("\u001b[0m");
        }
        return picture.toString();
    }

    private boolean inside(int row, int column) {
        return row >= 0 && column >= 0 && row < size && column < size;
    }

    private boolean dark(int row, int column) {
        return inside(row, column) && modules[row * size + column] == 2;
    }

    private void set(int row, int column, boolean dark) {
        if (inside(row, column)) modules[row * size + column] = (byte) (dark ? 2 : 1);
    }

    private static int[] codewords(byte[] bytes, int data, int correction, int blocks) {
        // Mode 0100, eight bits of length, the bytes, 0000: everything is half a byte off.
        int[] words = new int[data];
        words[0] = 0x40 | bytes.length >> 4;
        words[1] = (bytes.length & 15) << 4;
        for (int i = 0; i < bytes.length; i++) {
            words[i + 1] |= (bytes[i] & 0xff) >> 4;
            words[i + 2] = (bytes[i] & 15) << 4;
        }
        for (int i = bytes.length + 2, pad = 0xec; i < data; i++, pad ^= 0xec ^ 0x11) words[i] = pad;
        // Blocks are interleaved: the first word of each, the second of each ...
        int[] all = new int[data + correction * blocks];
        int each = data / blocks;
        for (int block = 0; block < blocks; block++) {
            int[] part = Arrays.copyOfRange(words, block * each, (block + 1) * each);
            int[] check = checkWords(part, correction);
            for (int i = 0; i < each; i++) all[i * blocks + block] = part[i];
            for (int i = 0; i < correction; i++) all[data + i * blocks + block] = check[i];
        }
        return all;
    }

    /** Reed-Solomon: what is left of the words after division by (x - 1)(x - 2)(x - 4) ... */
    private static int[] checkWords(int[] words, int count) {
        int[] divisor = new int[count + 1];
        divisor[0] = 1;
        for (int at = 0, root = 1; at < count; at++, root = times(root, 2)) {
            for (int i = at + 1; i > 0; i--) divisor[i] ^= times(divisor[i - 1], root);
        }
        int[] rest = new int[count + 1];
        for (int word : words) {
            int lead = word ^ rest[0];
            for (int i = 0; i < count; i++) rest[i] = rest[i + 1] ^ times(divisor[i + 1], lead);
        }
        return rest;
    }

    /** Multiplication in GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1. */
    private static int times(int left, int right) {
        int product = 0;
        for (int bit = 128; bit > 0; bit >>= 1) {
            product = product << 1 ^ (product >= 128 ? 0x11d : 0) ^ ((right & bit) == 0 ? 0 : left);
        }
        return product;
    }

    private void rings(int row, int column, int radius, int light, int light_too) {
        for (int y = -radius; y <= radius; y++) {
            for (int x = -radius; x <= radius; x++) {
                int distance = Math.max(Math.abs(y), Math.abs(x));
                set(row + y, column + x, distance != light && distance != light_too);
            }
        }
    }

    /** Everything that is the same in every code of a size. */
    private void patterns() {
        rings(3, 3, 4, 2, 4);
        rings(3, size - 4, 4, 2, 4);
        rings(size - 4, 3, 4, 2, 4);
        if (size > 21) rings(size - 7, size - 7, 2, 1, 1);
        for (int at = 8; at < size - 8; at++) {
            set(6, at, at % 2 == 0);
            set(at, 6, at % 2 == 0);
        }
        for (int bit = 0; bit < 15; bit++) {
            boolean dark = (FORMAT >> bit & 1) == 1;
            set(bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit, 8, dark);
            set(8, bit < 8 ? size - 1 - bit : bit == 8 ? 7 : 14 - bit, dark);
        }
        set(size - 8, 8, true);
    }

    /** The words go up and down in columns of two, from the right, past the vertical timing line. */
    private void words(int[] words) {
        int bit = 0;
        boolean upwards = true;
        for (int right = size - 1; right > 0; right -= right == 8 ? 3 : 2, upwards = !upwards) {
            for (int step = 0; step < size; step++) {
                int row = upwards ? size - 1 - step : step;
                for (int column = right; column > right - 2; column--) {
                    if (modules[row * size + column] != 0) continue;
                    boolean dark = bit < words.length * 8 && (words[bit >> 3] >> 7 - (bit & 7) & 1) == 1;
                    set(row, column, dark != ((row + column) % 2 == 0));
                    bit++;
                }
            }
        }
    }
}
