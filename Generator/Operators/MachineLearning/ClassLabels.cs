using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>The labels of a classifier's classes: integers or strings.</summary>
internal sealed class ClassLabels
{
    private readonly long[] _integers;
    private readonly string[] _strings;

    private ClassLabels(long[] integers, string[] strings)
    {
        _integers = integers;
        _strings = strings;
    }

    public int Count => _strings.Length > 0 ? _strings.Length : _integers.Length;

    public ElementType ElementType => _strings.Length > 0 ? ElementType.String : ElementType.Int64;

    /// <summary>Reads the attributes; integers have one of two names.</summary>
    public static ClassLabels Read(Node node, string integersName, bool isRequired = true)
    {
        long[] integers = node.IntegersAttribute(integersName) ?? [];
        string[] strings = node.StringsAttribute("classlabels_strings") ?? [];
        if ((integers.Length > 0 && strings.Length > 0) || (isRequired && integers.Length + strings.Length == 0))
        {
            throw new ModelException(node, $"class labels are either '{integersName}', of which there are {integers.Length}, or 'classlabels_strings', of which there are {strings.Length}");
        }

        return new ClassLabels(integers, strings);
    }

    /// <summary>The labels as attributes of another node.</summary>
    public IEnumerable<(string Name, object Value)> ToAttributes(string integersName) =>
        _strings.Length > 0 ? [("classlabels_strings", _strings)] : _integers.Length > 0 ? [(integersName, _integers)] : [];

    /// <summary>
    /// The labels where kernels read them. With fewer than two of them where <paramref name="isDecision"/> says that there are two answers, what stands for "no" and "yes": 0 and 1.
    /// </summary>
    public View Table(Node node, LoweringContext context, bool isDecision)
    {
        InlineConstant labels = _strings.Length > 0
            ? context.Graph.Texts.Constant(isDecision && _strings.Length < 2 ? ["0", "1"] : _strings, Shape.Of(Math.Max(_strings.Length, isDecision ? 2 : 1)))
            : ConstantElements.FromIntegers(isDecision && _integers.Length < 2 ? [0, 1] : _integers);
        return LabelOperators.Weight(context, $"{node.Name}/labels", labels);
    }
}
