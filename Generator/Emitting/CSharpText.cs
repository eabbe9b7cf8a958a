using System.Text;

namespace Cameo.Generator.Emitting;

/// <summary>Literals and documentation of generated C#.</summary>
internal static class CSharpText
{
    /// <summary>A string literal; control characters and everything beyond ASCII are escaped, so that no name can end it.</summary>
    public static string Literal(string text)
    {
        var literal = new StringBuilder("\"");
        foreach (char character in text)
        {
            literal.Append(character switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                < ' ' or > '~' => $"\\u{(int)character:X4}",
                _ => character.ToString(),
            });
        }

        return literal.Append('"').ToString();
    }

    /// <summary>Text inside an XML comment on one line.</summary>
    public static string Documentation(string text) => Comment(text).Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");

    /// <summary>Text inside a line comment: a name of the model must not end the line.</summary>
    public static string Comment(string text)
    {
        var comment = new StringBuilder();
        foreach (char character in text)
        {
            bool endsLine = char.IsControl(character) || char.IsSurrogate(character) || character is '\u2028' or '\u2029' || char.GetUnicodeCategory(character) == System.Globalization.UnicodeCategory.Format;
            comment.Append(endsLine ? $"\\u{(int)character:X4}" : character.ToString());
        }

        return comment.ToString();
    }

    /// <summary>A list of string literals: "[a, b]".</summary>
    public static string List(IEnumerable<string> items) => $"[{string.Join(", ", items.Select(Literal))}]";
}
