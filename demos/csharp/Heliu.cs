/*
 * What a merchant's server needs to talk to Heliu: .NET or Mono, standard library only. COPY this file into your project.
 *
 *   request        POST /v2/…?merchant_id=…   the body is a JWT signed with YOUR private key
 *   answer         success: a JWT signed with the PLATFORM's private key; refusal: plain JSON, which begins with {
 *   notification   POST to your notify_url    the body is a JWT signed with the PLATFORM's private key
 */
using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

/// <summary>The gateway said no. Codes: docs/api.md. 500, 503 and 601 mean that the outcome is unknown: query the order.</summary>
public class Refused : Exception
{
    public readonly long Code;

    public Refused(long code, string msg) : base("code " + code + ": " + msg)
    {
        Code = code;
    }
}

/// <summary>Nobody knows whether it happened: query, or send the same number with the same fields again. Never order anew.</summary>
public class OutcomeUnknown : Exception
{
    public OutcomeUnknown(string message, Exception cause) : base(message, cause) { }
}

/// <summary>The platform did not sign this notification: nothing in it is true.</summary>
public class NotGenuine : Exception
{
    public NotGenuine(string reason) : base(reason) { }
}

/// <summary>One merchant at one gateway. Make one and keep it.</summary>
public class Heliu
{
    readonly string gateway_url;
    readonly string merchant_id;
    readonly RSA private_key;
    readonly RSA platform_key;

    /// <param name="private_key">your RSA private key, PKCS#8 or PKCS#1, as PEM or one line of base64</param>
    /// <param name="platform_key">the platform's public key as it gives it: `data` of GET /platform_public_key</param>
    public Heliu(string gateway_url, string merchant_id, string private_key, string platform_key)
    {
        this.gateway_url = gateway_url;
        this.merchant_id = merchant_id;
        this.private_key = RsaKeys.ReadPrivate(private_key);
        this.platform_key = RsaKeys.ReadPublic(platform_key);
    }

    /// <summary>The address of an endpoint, e.g. of /v2/pay.</summary>
    public string UrlOf(string path)
    {
        return gateway_url + path + "?merchant_id=" + merchant_id;
    }

    /// <summary>Signs the documented fields of an endpoint, sends them, and verifies the answer before it is believed.</summary>
    public Dictionary<string, object> Call(string path, Dictionary<string, object> fields)
    {
        var claims = new Dictionary<string, object>(fields);
        // A random number that is never used twice, so that nobody can send a copy of the request.
        claims["nonce_str"] = Guid.NewGuid().ToString("N");
        var answer = Post(UrlOf(path), "text/plain", Sign(claims));
        try
        {
            if (!answer.Body.StartsWith("{")) return Read(answer.Body);
            var refusal = Json.Read(answer.Body);
            object code, msg;
            if (refusal.TryGetValue("code", out code) && code is long)
            {
                refusal.TryGetValue("msg", out msg);
                throw new Refused((long)code, msg as string);
            }
            throw NoAnswer(answer, null);
        }
        catch (NotGenuine error)
        {
            throw NoAnswer(answer, error);
        }
        catch (FormatException error)
        {
            throw NoAnswer(answer, error);
        }
    }

    /// <summary>A proxy's page, say. The gateway may have done what was asked all the same.</summary>
    static OutcomeUnknown NoAnswer(HttpAnswer answer, Exception cause)
    {
        return new OutcomeUnknown("HTTP " + answer.Status + " with a body that is no answer of the gateway: the outcome is unknown", cause);
    }

    /// <summary>Reads a JWT of the platform: a successful answer, or the body of a notification.</summary>
    public Dictionary<string, object> Read(string token)
    {
        var parts = token.Trim().Split('.');
        if (parts.Length != 3) throw new NotGenuine("this is no JWT");
        byte[] signature, payload;
        try
        {
            signature = FromBase64(parts[2]);
            payload = FromBase64(parts[1]);
        }
        catch (FormatException)
        {
            throw new NotGenuine("this is no JWT");
        }
        // The algorithm is ours to say (RS256), whatever the token's header claims.
        var signed = Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]);
        if (!platform_key.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
        {
            throw new NotGenuine("the signature is not that of the platform");
        }
        return Json.Read(Encoding.UTF8.GetString(payload));
    }

    string Sign(Dictionary<string, object> claims)
    {
        var header = ToBase64(Encoding.UTF8.GetBytes("{\"alg\":\"RS256\",\"typ\":\"JWT\"}"));
        var signed = header + "." + ToBase64(Encoding.UTF8.GetBytes(Json.Write(claims)));
        var signature = private_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return signed + "." + ToBase64(signature);
    }

    public static string ToBase64(byte[] bytes)
    {
        return Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    public static byte[] FromBase64(string text)
    {
        var padding = new string('=', (4 - text.Length % 4) % 4);
        return Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/') + padding);
    }

    public class HttpAnswer
    {
        public int Status;
        public string Body;
    }

    /// <summary>HttpWebRequest because Mono and every .NET have it without a further reference; HttpClient does as well.</summary>
    public static HttpAnswer Post(string url, string type, string body)
    {
#pragma warning disable SYSLIB0014
        var request = (HttpWebRequest)WebRequest.Create(url);
#pragma warning restore SYSLIB0014
        request.Method = "POST";
        request.ContentType = type;
        request.AllowAutoRedirect = false;
        // Longer than the gateway waits for a channel (at most 20 s), so that we hear its answer rather than give up before it.
        request.Timeout = 30000;
        try
        {
            var bytes = Encoding.UTF8.GetBytes(body);
            using (var stream = request.GetRequestStream()) stream.Write(bytes, 0, bytes.Length);
            using (var response = (HttpWebResponse)request.GetResponse()) return ReadAnswer(response);
        }
        catch (WebException error)
        {
            // Refusals of the transport, e.g. 503, are answers too.
            var response = error.Response as HttpWebResponse;
            if (response == null) throw new OutcomeUnknown(url + " does not answer: " + error.Message, error);
            using (response) return ReadAnswer(response);
        }
    }

    static HttpAnswer ReadAnswer(HttpWebResponse response)
    {
        using (var reader = new StreamReader(response.GetResponseStream(), Encoding.UTF8))
        {
            return new HttpAnswer { Status = (int)response.StatusCode, Body = reader.ReadToEnd() };
        }
    }
}

/// <summary>
/// RSA keys from PEM or base64, by hand: Mono has no ImportFromPem. With .NET 5 or newer `RSA.Create().ImportFromPem(text)`
/// does the same. The forms: RFC 5208 (PKCS#8), RFC 8017 appendix A.1 (PKCS#1), RFC 5280 section 4.1.2.7 (public keys).
/// </summary>
static class RsaKeys
{
    public static RSA ReadPrivate(string text)
    {
        var key = new Der(Decode(text)).Sequence();
        key.Integer(); // version
        if (key.NextTag == 0x30)
        {
            key.Sequence(); // the algorithm
            key = key.OctetString().Sequence();
            key.Integer(); // version
        }
        var modulus = key.Integer();
        var parameters = new RSAParameters { Modulus = modulus, Exponent = key.Integer() };
        // Each number must have the length that the modulus gives it.
        parameters.D = Padded(key.Integer(), modulus.Length);
        int half = (modulus.Length + 1) / 2;
        parameters.P = Padded(key.Integer(), half);
        parameters.Q = Padded(key.Integer(), half);
        parameters.DP = Padded(key.Integer(), half);
        parameters.DQ = Padded(key.Integer(), half);
        parameters.InverseQ = Padded(key.Integer(), half);
        return Import(parameters);
    }

    public static RSA ReadPublic(string text)
    {
        var key = new Der(Decode(text)).Sequence();
        key.Sequence(); // the algorithm
        var numbers = key.BitString().Sequence();
        return Import(new RSAParameters { Modulus = numbers.Integer(), Exponent = numbers.Integer() });
    }

    static byte[] Decode(string text)
    {
        return Convert.FromBase64String(Regex.Replace(text, "-----[^-]+-----|\\s", ""));
    }

    static RSA Import(RSAParameters parameters)
    {
        var rsa = RSA.Create();
        rsa.ImportParameters(parameters);
        return rsa;
    }

    static byte[] Padded(byte[] number, int length)
    {
        var padded = new byte[length];
        Array.Copy(number, 0, padded, length - number.Length, number.Length);
        return padded;
    }

    /// <summary>Reads DER elements one after the other.</summary>
    class Der
    {
        readonly byte[] bytes;
        int at;

        public Der(byte[] bytes)
        {
            this.bytes = bytes;
        }

        public int NextTag
        {
            get { return bytes[at]; }
        }

        public Der Sequence()
        {
            return new Der(Content(0x30));
        }

        public Der OctetString()
        {
            return new Der(Content(0x04));
        }

        public Der BitString()
        {
            var content = Content(0x03);
            return new Der(Slice(content, 1, content.Length - 1)); // without the count of unused bits
        }

        /// <summary>A positive number without leading zeros.</summary>
        public byte[] Integer()
        {
            var content = Content(0x02);
            int zeros = 0;
            while (zeros < content.Length - 1 && content[zeros] == 0) zeros++;
            return Slice(content, zeros, content.Length - zeros);
        }

        byte[] Content(int tag)
        {
            if (bytes[at++] != tag) throw new FormatException("this is no RSA key in PKCS#8 or PKCS#1");
            int length = bytes[at++];
            if (length >= 0x80)
            {
                int size = length & 0x7f;
                for (length = 0; size > 0; size--) length = length * 256 + bytes[at++];
            }
            at += length;
            return Slice(bytes, at - length, length);
        }

        static byte[] Slice(byte[] from, int start, int length)
        {
            var slice = new byte[length];
            Array.Copy(from, start, slice, 0, length);
            return slice;
        }
    }
}
