/*
 * JSON by what .NET and Mono share: objects are Dictionary<string, object>, lists List<object>, whole numbers long. COPY it
 * only when your project has no JSON library.
 */
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

public class Json
{
    readonly string text;
    int at;

    Json(string text)
    {
        this.text = text;
    }

    /// <summary>Reads an object; throws FormatException when the text is none.</summary>
    public static Dictionary<string, object> Read(string text)
    {
        var json = new Json(text);
        try
        {
            var value = json.Value() as Dictionary<string, object>;
            json.Space();
            if (value == null || json.at != text.Length) throw new FormatException("this is no JSON object");
            return value;
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new FormatException("the JSON ends too early");
        }
        catch (IndexOutOfRangeException)
        {
            throw new FormatException("the JSON ends too early");
        }
    }

    public static string Write(object value)
    {
        var members = value as Dictionary<string, object>;
        if (members != null) return "{" + string.Join(",", members.Select(one => Write(one.Key) + ":" + Write(one.Value))) + "}";
        var list = value as List<object>;
        if (list != null) return "[" + string.Join(",", list.Select(Write)) + "]";
        if (value == null) return "null";
        if (value is bool) return (bool)value ? "true" : "false";
        if (!(value is string)) return Convert.ToString(value, CultureInfo.InvariantCulture);
        var quoted = new StringBuilder("\"");
        foreach (var c in (string)value)
        {
            if (c == '"' || c == '\\') quoted.Append('\\').Append(c);
            else if (c < ' ') quoted.Append("\\u").Append(((int)c).ToString("x4"));
            else quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    void Space()
    {
        while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0) at++;
    }

    char Peek()
    {
        Space();
        return text[at];
    }

    void Take(char expected)
    {
        if (Peek() != expected) throw new FormatException("this is no JSON at " + at);
        at++;
    }

    object Value()
    {
        switch (Peek())
        {
            case '"':
                return Text();
            case '{':
                return Members();
            case '[':
                return List();
        }
        var start = at;
        while (at < text.Length && ",]} \t\r\n".IndexOf(text[at]) < 0) at++;
        var word = text.Substring(start, at - start);
        if (word == "null") return null;
        if (word == "true" || word == "false") return word == "true";
        long whole;
        if (long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out whole)) return whole;
        return double.Parse(word, CultureInfo.InvariantCulture);
    }

    Dictionary<string, object> Members()
    {
        var members = new Dictionary<string, object>();
        for (Take('{'); Peek() != '}';)
        {
            if (members.Count > 0) Take(',');
            Space();
            var name = Text();
            Take(':');
            members[name] = Value();
        }
        Take('}');
        return members;
    }

    List<object> List()
    {
        var list = new List<object>();
        for (Take('['); Peek() != ']';)
        {
            if (list.Count > 0) Take(',');
            list.Add(Value());
        }
        Take(']');
        return list;
    }

    string Text()
    {
        var plain = new StringBuilder();
        for (Take('"'); text[at] != '"'; at++)
        {
            if (text[at] != '\\')
            {
                plain.Append(text[at]);
                continue;
            }
            at++;
            var control = "bfnrt".IndexOf(text[at]);
            if (text[at] == 'u')
            {
                plain.Append((char)int.Parse(text.Substring(at + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                at += 4;
            }
            else plain.Append(control >= 0 ? "\b\f\n\r\t"[control] : text[at]);
        }
        at++;
        return plain.ToString();
    }
}
