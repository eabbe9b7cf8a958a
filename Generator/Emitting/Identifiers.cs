using System.Text;

namespace Cameo.Generator.Emitting;

/// <summary>Makes C# identifiers of ONNX names, each different from the others of its scope.</summary>
internal sealed class Identifiers(params string[] reserved)
{
    /// <summary>Longer names say no more and make lines hard to read.</summary>
    private const int MaximumLength = 64;

    private static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal", "default", "delegate", "do",
        "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for", "foreach", "goto", "if", "implicit", "in", "int",
        "interface", "internal", "is", "lock", "long", "namespace", "new", "null", "object", "operator", "out", "override", "params", "private", "protected", "public",
        "readonly", "ref", "return", "sbyte", "sealed", "short", "sizeof", "stackalloc", "static", "string", "struct", "switch", "this", "throw", "true", "try",
        "typeof", "uint", "ulong", "unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while",
    };

    private readonly HashSet<string> _taken = new(reserved, StringComparer.Ordinal);

    /// <summary>Whether C# keeps a word for itself.</summary>
    public static bool IsKeyword(string word) => Keywords.Contains(word);

    /// <summary>"/model/layers.0/q_proj" → "ModelLayers0QProj".</summary>
    public static string Pascal(string name)
    {
        var text = new StringBuilder();
        bool upper = true;
        foreach (char character in name)
        {
            if (!char.IsLetterOrDigit(character) || character > 127)
            {
                upper = true;
                continue;
            }

            text.Append(upper ? char.ToUpperInvariant(character) : character);
            upper = false;
        }

        if (text.Length > MaximumLength)
        {
            // The end of a path tells more than its beginning.
            text.Remove(0, text.Length - MaximumLength);
        }

        if (text.Length == 0 || !char.IsLetter(text[0]))
        {
            text.Insert(0, text.Length == 0 ? "Value" : "N");
        }

        return text.ToString();
    }

    /// <summary>"/model/layers.0/q_proj" → "modelLayers0QProj".</summary>
    public static string Camel(string name)
    {
        string pascal = Pascal(name);
        string camel = char.ToLowerInvariant(pascal[0]) + pascal.Substring(1);
        return Keywords.Contains(camel) ? "@" + camel : camel;
    }

    /// <summary>The identifier, or the identifier with the smallest number that makes it new.</summary>
    public string Unique(string identifier)
    {
        string candidate = identifier;
        for (int number = 2; !_taken.Add(candidate); number++)
        {
            candidate = $"{identifier}_{number}";
        }

        return candidate;
    }
}
