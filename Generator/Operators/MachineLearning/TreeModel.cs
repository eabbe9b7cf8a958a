using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// An ensemble of decision trees in canonical form. All comparisons are "at most": x &lt; t is x ≤ the number before t, those the other way round change their children, x = t and
/// membership of a set are searches in the ordered list of the numbers that matter. So one kernel, with one comparison a step, does all modes.
/// </summary>
internal sealed class TreeModel(Node node, bool isDouble, int targets)
{
    private readonly List<TreeSplit> _splits = [];
    private readonly List<int> _leafBegins = [0];
    private readonly List<int> _leafTargets = [];
    private readonly List<double> _leafWeights = [];
    private readonly List<int> _roots = [];

    /// <summary>Whether thresholds and weights are float64; else float32.</summary>
    public bool IsDouble { get; } = isDouble;

    public int Targets { get; } = targets;

    /// <summary>How many features a row must have.</summary>
    public int Features { get; private set; } = 1;

    public IReadOnlyList<TreeSplit> Splits => _splits;

    /// <summary>The split, or complement of a leaf, that each tree begins with.</summary>
    public IReadOnlyList<int> Roots => _roots;

    public IReadOnlyList<int> LeafBegins => _leafBegins;

    public IReadOnlyList<int> LeafTargets => _leafTargets;

    public IReadOnlyList<double> LeafWeights => _leafWeights;

    public int Leaves => _leafBegins.Count - 1;

    /// <summary>Adds a leaf with its weights and returns how to refer to it.</summary>
    public int AddLeaf(IReadOnlyList<(long Target, double Weight)> weights)
    {
        foreach ((long target, double weight) in weights)
        {
            if (target < 0 || target >= Targets)
            {
                throw new ModelException(node, $"a leaf has a weight for {target}, and there are {Targets} targets or classes");
            }

            _leafTargets.Add((int)target);
            _leafWeights.Add(weight);
        }

        _leafBegins.Add(_leafTargets.Count);
        return ~(_leafBegins.Count - 2);
    }

    public void AddRoot(int root) => _roots.Add(root);

    /// <summary>Adds what stands for a node of any mode, and returns how to refer to it. Its children are there already.</summary>
    public int AddSplit(TreeMode mode, long feature, double threshold, bool missingTrue, int whenTrue, int whenFalse)
    {
        CheckFeature(feature);
        int column = (int)feature;
        double before = Before(threshold);

        // A threshold that is no number is above nothing and equal to nothing, and missing features alone can go another way.
        bool never = double.IsNaN(threshold);
        return mode switch
        {
            TreeMode.LessOrEqual => Add(column, threshold, missingTrue, whenTrue, whenFalse),
            TreeMode.Less => Add(column, before, missingTrue, whenTrue, whenFalse),
            TreeMode.GreaterOrEqual when !never => Add(column, before, !missingTrue, whenFalse, whenTrue),
            TreeMode.Greater when !never => Add(column, threshold, !missingTrue, whenFalse, whenTrue),
            TreeMode.GreaterOrEqual or TreeMode.Greater => Add(column, threshold, missingTrue, whenTrue, whenFalse),
            TreeMode.Equal => AddMember(feature, [threshold], missingTrue, whenTrue, whenFalse),

            // What is no number is unequal to every number, whatever way it is said to take.
            _ => AddMember(feature, [threshold], missingTrue: false, whenFalse, whenTrue),
        };
    }

    /// <summary>Adds a test whether a feature is one of several numbers.</summary>
    public int AddMember(long feature, IEnumerable<double> members, bool missingTrue, int whenTrue, int whenFalse)
    {
        CheckFeature(feature);

        // The bounds of the members, ascending: between them rows go to whenFalse and whenTrue in turn, beginning and ending with whenFalse.
        double[] bounds = [.. members.Where(static member => !double.IsNaN(member)).Distinct().OrderBy(static member => member).SelectMany(member => new[] { Before(member), member })];
        if (bounds.Length == 0)
        {
            return Add((int)feature, double.NaN, missingTrue, whenTrue, whenFalse);
        }

        return Search((int)feature, bounds, 0, bounds.Length, missingTrue ? 1 : bounds.Length, whenTrue, whenFalse);
    }

    /// <summary>A balanced tree over bounds begin … end - 1; what is no number goes to interval <paramref name="missing"/>.</summary>
    private int Search(int feature, double[] bounds, int begin, int end, int missing, int whenTrue, int whenFalse)
    {
        if (begin == end)
        {
            return begin % 2 == 0 ? whenFalse : whenTrue;
        }

        int middle = (begin + end) / 2;
        int first = Search(feature, bounds, begin, middle, missing, whenTrue, whenFalse);
        int second = Search(feature, bounds, middle + 1, end, missing, whenTrue, whenFalse);
        return Add(feature, bounds[middle], missing <= middle, first, second);
    }

    private int Add(int feature, double threshold, bool missingFirst, int first, int second)
    {
        _splits.Add(new TreeSplit(feature, threshold, missingFirst, first, second));
        return _splits.Count - 1;
    }

    private void CheckFeature(long feature)
    {
        if (feature is < 0 or >= int.MaxValue)
        {
            throw new ModelException(node, $"a node asks for feature {feature}");
        }

        Features = Math.Max(Features, (int)feature + 1);
    }

    /// <summary>The next number below; no number below -∞, which nothing is at most.</summary>
    private double Before(double value)
    {
        if (double.IsNaN(value) || double.IsNegativeInfinity(value))
        {
            return double.NaN;
        }

        if (IsDouble)
        {
            return value == 0 ? -double.Epsilon : BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(value) + (value > 0 ? -1 : 1));
        }

        int bits = BitConverter.ToInt32(BitConverter.GetBytes((float)value), 0);
        return value == 0 ? -float.Epsilon : BitConverter.ToSingle(BitConverter.GetBytes(bits + (value > 0 ? -1 : 1)), 0);
    }
}
