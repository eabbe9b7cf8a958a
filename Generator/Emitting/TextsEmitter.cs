using System.Globalization;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Emitting;

/// <summary>Writes the texts that a model knows: as UTF-8 in the assembly's data, which costs no code however many there are.</summary>
internal static class TextsEmitter
{
    public static void Write(CodeWriter code, TextTable texts)
    {
        if (texts.Texts.Count <= 1)
        {
            return;
        }

        // The first text is the empty one, which every table begins with.
        string[] known = [.. texts.Texts.Skip(1)];
        code.Line("/// <inheritdoc/>");
        code.Line("protected override TextConstants TextConstants => s_texts;");
        code.Line();
        code.Line($"// {known.Length} texts: their UTF-8 one after the other, and the bytes of each.");
        code.Line("private static readonly TextConstants s_texts = new(");
        using (code.Indent())
        {
            code.Line($"{CSharpText.Literal(string.Concat(known))}u8,");
            code.Line($"[{string.Join(", ", known.Select(text => System.Text.Encoding.UTF8.GetByteCount(text).ToString(CultureInfo.InvariantCulture)))}]);");
        }

        code.Line();
    }
}
