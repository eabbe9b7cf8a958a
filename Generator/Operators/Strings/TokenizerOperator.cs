using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft's Tokenizer: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.Tokenizer. Takes the strings of [C] or [N, C] apart into characters (one empty
/// separator, or the expression "."), at <c>separators</c> (regular expressions of RE2's syntax, one after the other), or into what <c>tokenexp</c> matches; tokens shorter than
/// <c>mincharnum</c> are dropped, rows are padded with <c>pad_value</c> and, where <c>mark</c> is set, begin with U+0002 and end with U+0003. No token at all makes the last size 0.
/// An input without elements gives [0] or [N, 0] where the model says so: by its sizes, or by the rank that it declares for the result, which then is all it can be run on.
/// </summary>
internal sealed class TokenizerOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new TokenizerOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "Tokenizer";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Texts.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        if (shape.Rank is not (1 or 2))
        {
            throw new ModelException(node, $"the input must have shape [C] or [N, C] but has {shape}");
        }

        foreach (string attribute in new[] { "mark", "pad_value", "mincharnum" })
        {
            if (!node.HasAttribute(attribute))
            {
                throw new ModelException(node, $"attribute '{attribute}' is missing");
            }
        }

        long minimum = node.IntegerAttribute("mincharnum", 0);
        string[] patterns = Patterns(node);
        if (minimum is < 1 or > int.MaxValue || (patterns.Length == 0 && minimum > 1))
        {
            throw new ModelException(node, $"attribute 'mincharnum' is {minimum}; it must be {(patterns.Length == 0 ? "1 where tokens are characters" : "positive")}");
        }

        foreach (string pattern in patterns)
        {
            RegexFullMatchOperator.Require(node, pattern);
        }

        if (IsEmpty(node, context))
        {
            context.SetType(node.Output, new TensorType(ElementType.String, new Shape([.. shape.Take(shape.Rank - 1), Dimension.Zero])));
            return;
        }

        context.SetType(node.Output, new TensorType(ElementType.String, new Shape([.. shape, context.DataSize(node, "tokens")])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        if (node.Output.Shape.Rank == from.Rank)
        {
            context.Add(new Kernel("text", node, [from], [context.Write(node.Output)], _ => { }) { Summary = "nothing to take apart" });
            return;
        }

        View lengths = context.Scratch(node, ElementType.Int64, from.Shape);
        bool marks = node.IntegerAttribute("mark", 0) != 0;
        string arguments = $"{node.IntegerAttribute("mincharnum", 1)}, {KernelText.Boolean(node.HasAttribute("separators"))}, {CSharpText.List(Patterns(node))}";
        long Handle(string text) => context.Graph.Texts.Handle(text);
        TextHelpers.AddSplitting(node, context, from, lengths, DataSizes.Of(node, "tokens"),
            writer => $"{TextHelpers.Instance(writer, "TextTokenizer", arguments)}.Run(Texts, {writer.Pointer(from)}, {writer.Size(from.Shape.ElementCount)}, {(marks ? 2 : 0)}, {writer.Pointer(lengths)})",
            $"{Handle(node.StringAttribute("pad_value", ""))}, {(marks ? Handle("\u0002") : -1)}, {(marks ? Handle("\u0003") : -1)}");
    }

    private static bool IsEmpty(Node node, InferenceContext context)
    {
        Shape shape = node.Input(0).Shape;
        if (shape.Any(size => size.Value == 0))
        {
            return true;
        }

        if (node.Output.DeclaredType?.Rank != shape.Rank)
        {
            return false;
        }

        if (shape.IsStatic)
        {
            throw new ModelException(node, $"the tokens of {shape} strings have one axis more, but the model declares {node.Output.DeclaredType}");
        }

        context.Require(shape.ElementCount, 0, $"elements of the input of {node}, which the model's rank of the result says are none");
        return true;
    }

    /// <summary>The expressions; none where each character is a token.</summary>
    private static string[] Patterns(Node node)
    {
        if (node.StringsAttribute("separators") is { } separators)
        {
            return separators is [""] ? [] : separators.Length > 0 ? separators : throw new ModelException(node, "attribute 'separators' is empty");
        }

        return node.StringAttribute("tokenexp", "") switch
        {
            "" => throw new ModelException(node, "there is neither an attribute 'separators' nor 'tokenexp'"),
            "." => [],
            string expression => [expression],
        };
    }
}
