using System.Globalization;
using System.Text;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Outlining;

/// <summary>The C# of a kernel with holes where it names memory, states or itself. Kernels with equal templates can share one method and its structs.</summary>
internal sealed class KernelTemplate
{
    // Control characters: names of the model can't contain them, since comments and literals escape them.
    private const char HoleStart = '\u0001';
    private const char HoleEnd = '\u0002';
    private const char Name = '\u0003';

    private readonly string _body;
    private readonly IReadOnlyList<string> _helpers;

    public KernelTemplate(Kernel kernel, string body, IReadOnlyList<string> helpers, IReadOnlyList<Hole> holes)
    {
        Kernel = kernel;
        _body = body;
        _helpers = helpers;
        Holes = holes;
        HelperKey = string.Join("\n", helpers);
        Key = MakeKey();
    }

    public Kernel Kernel { get; }

    /// <summary>What the holes stand for, in order of their numbers.</summary>
    public IReadOnlyList<Hole> Holes { get; }

    /// <summary>Equal for kernels that differ in nothing but their holes.</summary>
    public string Key { get; }

    /// <summary>Equal for kernels whose structs are the same.</summary>
    public string HelperKey { get; }

    public bool HasHelpers => _helpers.Count > 0;

    /// <summary>Stands for the kernel's name.</summary>
    public static string NameMark { get; } = Name.ToString();

    /// <summary>Stands for a hole.</summary>
    public static string Mark(int hole) => $"{HoleStart}{hole.ToString(CultureInfo.InvariantCulture)}{HoleEnd}";

    /// <summary>The statements of the method.</summary>
    /// <param name="helperName">Name that the structs begin with.</param>
    /// <param name="hole">C# of a hole.</param>
    public string Body(string helperName, Func<int, string> hole)
    {
        var text = new StringBuilder(_body.Length + 256);
        for (int index = 0; index < _body.Length; index++)
        {
            if (_body[index] == Name)
            {
                text.Append(helperName);
            }
            else if (_body[index] == HoleStart)
            {
                int end = _body.IndexOf(HoleEnd, index);
                text.Append(hole(int.Parse(_body.Substring(index + 1, end - index - 1), CultureInfo.InvariantCulture)));
                index = end;
            }
            else
            {
                text.Append(_body[index]);
            }
        }

        return text.ToString();
    }

    /// <summary>The structs.</summary>
    public IEnumerable<string> Helpers(string helperName) => _helpers.Select(helper => helper.Replace(NameMark, helperName));

    /// <summary>Whether a word stands in the statements: a variable of that name would be taken for another.</summary>
    public bool Mentions(string word) => _body.IndexOf(word, StringComparison.Ordinal) >= 0;

    /// <summary>Words whose members the statements use, such as classes of kernels: no method may have such a name.</summary>
    public IEnumerable<string> Qualifiers()
    {
        for (int dot = _body.IndexOf('.'); dot >= 0; dot = _body.IndexOf('.', dot + 1))
        {
            int start = dot;
            while (start > 0 && (char.IsLetterOrDigit(_body[start - 1]) || _body[start - 1] == '_'))
            {
                start--;
            }

            if (start < dot && char.IsLetter(_body[start]))
            {
                yield return _body.Substring(start, dot - start);
            }
        }
    }

    private string MakeKey()
    {
        var key = new StringBuilder(_body.Length + HelperKey.Length + 256);
        key.Append(Kernel.Kind).Append('\n').Append(Kernel.UpdatesState).Append(Kernel.MultiplyAdds).Append('\n').Append(_body).Append('\n').Append(HelperKey);
        foreach (Hole hole in Holes)
        {
            key.Append('\n').Append(hole.Key);
        }

        foreach (View view in Kernel.Reads.Concat(Kernel.Writes))
        {
            key.Append('\n').Append(view.ElementType).Append(view.Shape);
        }

        return key.ToString();
    }
}
