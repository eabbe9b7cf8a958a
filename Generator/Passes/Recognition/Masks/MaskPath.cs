using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>What has been assumed on the way to one result: inequalities that hold and values that elements have.</summary>
internal sealed class MaskPath
{
    public static readonly MaskPath Empty = new([], new Dictionary<string, double>(StringComparer.Ordinal));

    private readonly IReadOnlyDictionary<string, double> _elements;

    private MaskPath(IReadOnlyList<Dimension> inequalities, IReadOnlyDictionary<string, double> elements)
    {
        Inequalities = inequalities;
        _elements = elements;
    }

    /// <summary>Expressions that are at least 0.</summary>
    public IReadOnlyList<Dimension> Inequalities { get; }

    /// <summary>The elements' values by <see cref="MaskElement.Key"/>.</summary>
    public IEnumerable<KeyValuePair<string, double>> Elements => _elements;

    public double? Element(string key) => _elements.TryGetValue(key, out double value) ? value : null;

    public MaskPath With(Dimension inequality) => new([.. Inequalities, inequality], _elements);

    public MaskPath With(MaskElement element, double value)
    {
        var elements = new Dictionary<string, double>(StringComparer.Ordinal) { [element.Key] = value };
        foreach (KeyValuePair<string, double> pair in _elements)
        {
            elements[pair.Key] = pair.Value;
        }

        return new MaskPath(Inequalities, elements);
    }

    /// <summary>Whether an expression is at least 0 given what is assumed; <see langword="null"/> where that is open.</summary>
    public bool? Decide(Dimension difference, MaskSpace space)
    {
        Dimension opposite = Opposite(difference);
        return space.IsNonNegative(difference) || Inequalities.Any(known => space.IsNonNegative(difference - known)) ? true
            : space.IsNonNegative(opposite) || Inequalities.Any(known => space.IsNonNegative(opposite - known)) ? false
            : null;
    }

    /// <summary>The inequality that holds where the given one does not.</summary>
    public static Dimension Opposite(Dimension difference) => -difference - Dimension.One;
}
