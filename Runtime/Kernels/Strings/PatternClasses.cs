#if NETSTANDARD2_0
namespace Cameo.Generator.Strings;
#else
namespace Cameo.Kernels;
#endif

/// <summary>The named classes of RE2: those of Perl, which are ASCII, those of POSIX, and Unicode's general categories.</summary>
internal static class PatternClasses
{
    // Letters in the order of System.Globalization.UnicodeCategory.
    private static readonly string[] Categories =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    /// <summary>Every category: the bits of <see cref="TryCategories"/>.</summary>
    public const int AllCategories = (1 << 30) - 1;

    /// <summary>The ranges of \d, \s or \w in ascending order; null for another letter.</summary>
    public static (int Low, int High)[]? TryPerl(char letter) => letter switch
    {
        'd' => [('0', '9')],
        's' => [('\t', '\n'), ('\f', '\r'), (' ', ' ')],
        'w' => [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => null,
    };

    /// <summary>The ranges of [:name:] in ascending order; null for an unknown name.</summary>
    public static (int Low, int High)[]? TryPosix(string name) => name switch
    {
        "alnum" => [('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => [('A', 'Z'), ('a', 'z')],
        "ascii" => [(0, 127)],
        "blank" => [('\t', '\t'), (' ', ' ')],
        "cntrl" => [(0, 31), (127, 127)],
        "digit" => [('0', '9')],
        "graph" => [('!', '~')],
        "lower" => [('a', 'z')],
        "print" => [(' ', '~')],
        "punct" => [('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => [('\t', '\r'), (' ', ' ')],
        "upper" => [('A', 'Z')],
        "word" => [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => [('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => null,
    };

    /// <summary>The bits of a general category such as Lu, or of a group of them such as L; null for an unknown name (of a script, say).</summary>
    public static int? TryCategories(string name)
    {
        int bits = 0;
        for (int category = 0; category < Categories.Length; category++)
        {
            // Unassigned code points belong to no group of RE2's.
            bool isMember = Categories[category] == name || (name.Length == 1 && Categories[category][0] == name[0]);
            bits |= isMember && Categories[category] != "Cn" ? 1 << category : 0;
        }

        return name == "Any" ? AllCategories : bits == 0 ? null : bits;
    }
}
