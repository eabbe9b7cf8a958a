#if NETSTANDARD2_0
namespace Cameo.Generator.Strings;
#else
using System.Globalization;
using System.Text;

namespace Cameo.Kernels;
#endif

/// <summary>A set of code points: ranges and general categories of Unicode. Built once, then only read.</summary>
internal sealed class CodePointSet
{
    public const int Largest = 0x10FFFF;

    private readonly List<(int Low, int High)> _ranges = [];

    /// <summary>The categories in the set, as bits numbered like <see cref="System.Globalization.UnicodeCategory"/>.</summary>
    public int Categories { get; private set; }

    /// <summary>Whether upper and lower case are the same.</summary>
    public bool IgnoresCase { get; set; }

    /// <summary>Whether the set is everything but what was added; case is ignored before.</summary>
    public bool IsNegated { get; set; }

    public static CodePointSet Of(int codePoint, bool ignoresCase) => new CodePointSet { IgnoresCase = ignoresCase }.Add(codePoint, codePoint);

    public CodePointSet Add(int low, int high)
    {
        _ranges.Add((low, high));
        return this;
    }

    /// <summary>Adds all that is outside of ranges, which are in ascending order.</summary>
    public CodePointSet AddOutside(IReadOnlyList<(int Low, int High)> ranges)
    {
        int next = 0;
        foreach ((int low, int high) in ranges)
        {
            if (low > next)
            {
                Add(next, low - 1);
            }

            next = high + 1;
        }

        return Add(next, Largest);
    }

    /// <summary>Adds to <see cref="Categories"/>.</summary>
    public CodePointSet AddCategories(int categories)
    {
        Categories |= categories;
        return this;
    }

#if !NETSTANDARD2_0
    private ulong _low;
    private ulong _high;
    private bool _isReady;

    public bool Contains(int codePoint)
    {
        if (codePoint < 128 && _isReady)
        {
            return ((codePoint < 64 ? _low : _high) >> (codePoint & 63) & 1) != 0;
        }

        bool found = IsAdded(codePoint);
        if (!found && IgnoresCase && Rune.IsValid(codePoint))
        {
            var rune = new Rune(codePoint);
            found = IsAdded(Rune.ToLowerInvariant(rune).Value) || IsAdded(Rune.ToUpperInvariant(rune).Value);
        }

        return found != IsNegated;
    }

    /// <summary>Makes a table of what is asked for most.</summary>
    public void Prepare()
    {
        for (int codePoint = 0; codePoint < 64; codePoint++)
        {
            _low |= Contains(codePoint) ? 1UL << codePoint : 0;
            _high |= Contains(codePoint + 64) ? 1UL << codePoint : 0;
        }

        _isReady = true;
    }

    private bool IsAdded(int codePoint)
    {
        foreach ((int low, int high) in _ranges)
        {
            if (codePoint >= low && codePoint <= high)
            {
                return true;
            }
        }

        return Categories != 0 && (Categories >> (int)CharUnicodeInfo.GetUnicodeCategory(codePoint) & 1) != 0;
    }
#endif
}
