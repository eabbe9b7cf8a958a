using Cameo.Generator.Emitting;

namespace Cameo.Generator.Build;

/// <summary>Names of classes and namespaces that are made from the names of files and projects.</summary>
internal static class ModelNames
{
    /// <summary>The class of a model without <c>OnnxClass</c>: the words of its file's name, each with a capital.</summary>
    public static string ClassFromFile(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        bool startsWithLetter = name.Length > 0 && char.IsLetter(name[0]) && name[0] < 128;
        return Identifiers.Pascal(startsWithLetter ? name : "model-" + name);
    }

    /// <summary>A project's root namespace, with whatever C# does not allow replaced.</summary>
    public static string CleanNamespace(string text)
    {
        IEnumerable<string> parts = text.Split('.')
            .Select(static part => new string([.. part.Select(static character => IsIdentifierPart(character) ? character : '_')]))
            .Where(static part => part.Length > 0)
            .Select(static part => char.IsDigit(part[0]) ? "_" + part : part);
        return string.Join(".", parts);
    }

    public static bool IsIdentifier(string text) => text.Length > 0 && !char.IsDigit(text[0]) && text.All(IsIdentifierPart);

    public static bool IsNamespace(string text) => text.Split('.').All(IsIdentifier);

    // ASCII letters alone would forbid what C# allows; the names also become file names, which this set can be.
    private static bool IsIdentifierPart(char character) => char.IsLetterOrDigit(character) || character == '_';
}
