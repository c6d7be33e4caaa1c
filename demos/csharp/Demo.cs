/*
 * A first payment with Heliu in C#, standard library only. It runs under .NET 8 or newer and under Mono:
 *
 *   dotnet run [-- PAY_TYPE] [--by-hand]
 *   mcs -out:demo.exe Demo.cs Heliu.cs Json.cs TerminalQr.cs && mono demo.exe [PAY_TYPE] [--by-hand]
 *
 * COPY Heliu.cs (and Json.cs, unless your project has a JSON library): it signs calls and verifies answers and notifications.
 * This file is the story; TerminalQr.cs draws the code.
 */
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;

/// <summary>Something to tell the person in front of the screen, without a stack.</summary>
class Explained : Exception
{
    public Explained(string message) : base(message) { }
}

static class Demo
{
    const long TotalFee = 221; // in fen: 2.21 yuan
    const string Help = @"Demo [PAY_TYPE] [--by-hand]

  PAY_TYPE    wechat.scan (default) or alipay.scan
  --by-hand   you pay it yourself in the wallet page

Settings: the sandbox's file $HELIU_HOME/sandbox.json (HELIU_HOME is .heliu unless it is set), or without it
HELIU_URL, MERCHANT_ID, MERCHANT_KEY_FILE and PLATFORM_KEY_FILE (PEM), and CONTROL_URL for the simulated phone.";

    static int Main(string[] arguments)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        var words = arguments.Where(word => word != "--by-hand" && word != "--help").ToList();
        if (arguments.Contains("--help"))
        {
            Console.WriteLine(Help);
            return 0;
        }
        try
        {
            if (words.Count > 1 || words.Any(word => word.StartsWith("-"))) throw new Explained(Help);
            var settings = Settings.Read();
            var heliu = new Heliu(settings.Url, settings.MerchantId, settings.PrivateKey, settings.PlatformKey);
            using (var server = new NotifyServer(heliu))
            {
                Story(heliu, server, settings, words.FirstOrDefault() ?? "wechat.scan", arguments.Contains("--by-hand"));
            }
            return 0;
        }
        catch (Exception error) when (error is Explained || error is Refused || error is NotGenuine || error is OutcomeUnknown)
        {
            Console.Error.WriteLine("\n" + error.Message);
            return 1;
        }
    }

    static void Story(Heliu heliu, NotifyServer server, Settings settings, string pay_type, bool by_hand)
    {
        // A number of yours, unique for ever. Store the order under it before you call: whatever happens, you can query it.
        string number = "demo.csharp." + DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

        Step("1  Place the order");
        var placed = Call(heliu, "/v2/pay", new Dictionary<string, object>
        {
            { "pay_type", pay_type },
            { "mch_trade_id", number },
            { "total_fee", TotalFee },
            { "body", "Heliu demo, one coffee" },
            { "spbill_create_ip", "127.0.0.1" },
            { "notify_url", server.Url + "/paid" },
            { "attach", "comes back in the notification" },
        });
        if (!placed.ContainsKey("code_url"))
            throw new Explained(pay_type + " gives no code to scan: take wechat.scan or alipay.scan.");
        var code_url = (string)placed["code_url"];

        Step("2  The payer scans the code");
        Console.WriteLine((TerminalQr.Draw(code_url) ?? "   (too long for a code in this terminal)") + "\n\n   " + code_url + "\n");
        if (by_hand) Console.WriteLine("   Open the wallet page and pay it there:\n   " + settings.ControlUrl);
        else settings.Scan(code_url);

        Step("3  The notification arrives");
        var paid = server.Next("/paid", by_hand ? 7200 : 90);
        // Compare with your own books before you ship anything: number, amount, state.
        Expect("the order", paid["mch_trade_id"], number);
        Expect("the amount", paid["total_fee"], TotalFee);
        Expect("trade_state (0 is paid)", paid["trade_state"], 0L);

        Step("4  A forged notification arrives: the same one, with another amount");
        Console.WriteLine("   ✓ refused: " + server.SendForgery());

        var query = new Dictionary<string, object> { { "mch_trade_id", number } };
        Step("5  Query the order");
        Expect("trade_state (0 is paid)", Call(heliu, "/v2/pay/query", query)["trade_state"], 0L);

        Step("6  Refund it");
        var refunded = Call(heliu, "/v2/pay/refund", new Dictionary<string, object>
        {
            { "mch_trade_id", number },
            { "mch_refund_id", number + ".refund.1" },
            { "refund_fee", TotalFee },
            { "refund_desc", "the demo is over" },
            { "notify_url", server.Url + "/refunded" },
        });
        Expect("trade_state (1 is being refunded)", refunded["trade_state"], 1L);

        Step("7  The notification of the refund arrives");
        var refund = (Dictionary<string, object>)server.Next("/refunded", 90)["refunds"];
        Expect("refund_status (0 is refunded)", refund["refund_status"], 0L);

        Step("8  Query the order again");
        Expect("refunded_fee", Call(heliu, "/v2/pay/query", query)["refunded_fee"], TotalFee);
        Console.WriteLine("\nPaid, notified, refunded, notified. Everything was signed and verified.");
    }

    /// <summary>Calls the gateway and shows what went out and what came back.</summary>
    static Dictionary<string, object> Call(Heliu heliu, string path, Dictionary<string, object> fields)
    {
        Console.WriteLine("   POST " + heliu.UrlOf(path) + "  as a signed JWT\n     " + Json.Write(fields) + "\n");
        var answer = heliu.Call(path, fields);
        Console.WriteLine("   → ✓ signed by the platform\n     " + Json.Write(answer) + "\n");
        return (Dictionary<string, object>)answer["data"];
    }

    static void Expect(string what, object found, object wanted)
    {
        if (!wanted.Equals(found)) throw new Explained(what + ": expected " + wanted + ", found " + found);
        Console.WriteLine("   ✓ " + what + ": " + found);
    }

    static void Step(string title)
    {
        Console.WriteLine("\n" + title + "\n");
    }
}

/// <summary>
/// The merchant's server: takes notifications, believes only what the platform signed, and acts on each of them once. A real
/// one is your ASP.NET Core: read the body as text, and answer as this does.
/// </summary>
class NotifyServer : IDisposable
{
    public readonly string Url;
    readonly Heliu heliu;
    readonly TcpListener listener = new TcpListener(IPAddress.Loopback, 0);
    // In a real shop this is a unique key in the database of your orders. A repeat carries the same nonce_str.
    readonly HashSet<object> seen = new HashSet<object>();
    readonly Dictionary<string, Dictionary<string, object>> arrived = new Dictionary<string, Dictionary<string, object>>();
    string last_body = "";

    public NotifyServer(Heliu heliu)
    {
        this.heliu = heliu;
        listener.Start();
        Url = "http://127.0.0.1:" + ((IPEndPoint)listener.LocalEndpoint).Port;
        var thread = new Thread(Listen) { IsBackground = true };
        thread.Start();
    }

    /// <summary>The data of the next notification that arrives at a path.</summary>
    public Dictionary<string, object> Next(string path, int seconds)
    {
        var until = DateTime.UtcNow.AddSeconds(seconds);
        lock (arrived)
        {
            while (!arrived.ContainsKey(path))
            {
                var left = until - DateTime.UtcNow;
                if (left <= TimeSpan.Zero || !Monitor.Wait(arrived, left))
                {
                    throw new Explained("No notification came to " + Url + path + ".");
                }
            }
            return arrived[path];
        }
    }

    /// <summary>What anybody can do who knows our notify_url: send what arrived before, with another amount in it.</summary>
    public string SendForgery()
    {
        var parts = last_body.Split('.');
        var payload = Encoding.UTF8.GetString(Heliu.FromBase64(parts[1]));
        var forged = Regex.Replace(payload, "\"total_fee\":\\d+", "\"total_fee\":1");
        var answer = Heliu.Post(Url + "/paid", "text/plain", parts[0] + "." + Heliu.ToBase64(Encoding.UTF8.GetBytes(forged)) + "." + parts[2]);
        if (answer.Status == 200) throw new Explained("A forged notification was taken for genuine.");
        return answer.Body + " (HTTP " + answer.Status + ")";
    }

    public void Dispose()
    {
        listener.Stop();
    }

    void Listen()
    {
        try
        {
            for (;;)
            {
                using (var client = listener.AcceptTcpClient()) Serve(client.GetStream());
            }
        }
        catch (SocketException) { } // stopped
        catch (ObjectDisposedException) { }
    }

    void Serve(NetworkStream stream)
    {
        try
        {
            stream.ReadTimeout = 5000;
            var path = ReadLine(stream).Split(' ').ElementAtOrDefault(1) ?? "/";
            var length = 0;
            for (var line = ReadLine(stream); line != ""; line = ReadLine(stream))
            {
                var match = Regex.Match(line, "^content-length: *(\\d{1,5})$", RegexOptions.IgnoreCase);
                if (match.Success) length = int.Parse(match.Groups[1].Value);
                // .NET's own client waits for this before it sends the body.
                if (Regex.IsMatch(line, "^expect: *100-continue", RegexOptions.IgnoreCase)) Send(stream, "HTTP/1.1 100 Continue\r\n\r\n");
            }
            var bytes = new byte[length];
            for (int at = 0, read = 1; at < length && read > 0; at += read) read = stream.Read(bytes, at, length - at);
            Answer(stream, path, Encoding.UTF8.GetString(bytes));
        }
        catch (IOException) { } // the sender has gone
    }

    void Answer(NetworkStream stream, string path, string body)
    {
        var status = "200 OK";
        var answer = "success"; // "written down, tell me no more"; anything else and Heliu repeats it, for two days
        try
        {
            Take(path, body);
        }
        catch (NotGenuine error)
        {
            status = "400 Bad Request";
            answer = error.Message;
        }
        Send(stream, "HTTP/1.1 " + status + "\r\nContent-Type: text/plain\r\nContent-Length: " + answer.Length + "\r\nConnection: close\r\n\r\n" + answer);
    }

    void Take(string path, string body)
    {
        var message = heliu.Read(body);
        lock (arrived)
        {
            if (!seen.Add(message["nonce_str"])) return;
            Console.WriteLine("   POST " + Url + path + "  ✓ signed by the platform; answered: success\n     " + Json.Write(message) + "\n");
            last_body = body;
            arrived[path] = (Dictionary<string, object>)message["data"];
            Monitor.PulseAll(arrived);
        }
    }

    static string ReadLine(NetworkStream stream)
    {
        var line = new StringBuilder();
        for (int next = stream.ReadByte(); next >= 0 && next != '\n' && line.Length < 8192; next = stream.ReadByte()) line.Append((char)next);
        return line.ToString().Trim();
    }

    static void Send(NetworkStream stream, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        stream.Write(bytes, 0, bytes.Length);
    }
}

/// <summary>What the demo needs to know. In production all of it comes from your own configuration.</summary>
class Settings
{
    public string Url, MerchantId, PrivateKey, PlatformKey, ControlUrl;

    public static Settings Read()
    {
        if (Variable("HELIU_URL", "") != "")
        {
            return new Settings
            {
                Url = Variable("HELIU_URL", null),
                MerchantId = Variable("MERCHANT_ID", null),
                PrivateKey = File.ReadAllText(Variable("MERCHANT_KEY_FILE", null)),
                PlatformKey = File.ReadAllText(Variable("PLATFORM_KEY_FILE", null)),
                ControlUrl = Variable("CONTROL_URL", ""),
            };
        }
        var path = Path.GetFullPath(Path.Combine(Variable("HELIU_HOME", ".heliu"), "sandbox.json"));
        if (!File.Exists(path)) throw new Explained("There is no " + path + ". Start the sandbox first: npm start, with the same HELIU_HOME.");
        var file = Json.Read(File.ReadAllText(path));
        var gateway = (Dictionary<string, object>)file["gateway"];
        var merchant = (Dictionary<string, object>)file["merchant"];
        return new Settings
        {
            Url = (string)gateway["url"],
            MerchantId = (string)merchant["merchant_id"],
            PrivateKey = (string)merchant["private_key"],
            PlatformKey = (string)gateway["platform_public_key"],
            ControlUrl = (string)((Dictionary<string, object>)file["simulators"])["url"],
        };
    }

    /// <summary>The sandbox's own control: what a person does with a phone, as HTTP. It exists in the sandbox alone.</summary>
    public void Scan(string code)
    {
        var body = Json.Write(new Dictionary<string, object> { { "code", code }, { "action", "pay" } });
        var answer = Heliu.Post(ControlUrl + "/control/scan", "application/json", body);
        Console.WriteLine("   POST " + ControlUrl + "/control/scan  the simulated phone\n     " + answer.Body);
        if (answer.Status != 200) throw new Explained("The simulated phone refused: " + answer.Body);
    }

    static string Variable(string name, string otherwise)
    {
        var value = Environment.GetEnvironmentVariable(name);
        if (!string.IsNullOrEmpty(value)) return value;
        if (otherwise == null) throw new Explained("With HELIU_URL, set " + name + " too.");
        return otherwise;
    }
}
