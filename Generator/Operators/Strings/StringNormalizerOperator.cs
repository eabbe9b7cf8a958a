using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// StringNormalizer: https://onnx.ai/onnx/operators/onnx__StringNormalizer.html (version 10). Drops stop words from a list [C] or [1, C] and changes the case of the others; where nothing
/// remains the result is one empty string. Letters change case as they do in most languages; locales of the others (Turkish, Azerbaijani, Lithuanian) are refused.
/// </summary>
internal sealed class StringNormalizerOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new StringNormalizerOperator()];

    public override string Type => "StringNormalizer";

    public override IReadOnlyList<int> Versions => [10];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Texts.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        if (shape.Rank is not (1 or 2) || (shape.Rank == 2 && shape[0].Value is not (null or 1)))
        {
            throw new ModelException(node, $"the input must have shape [C] or [1, C] but has {shape}");
        }

        if (shape.Rank == 2 && !shape[0].IsStatic)
        {
            context.Require(shape[0], 1, $"rows of the input of {node}");
        }

        CheckCase(node);
        Dimension words = shape[shape.Rank - 1];
        Dimension count = node.StringsAttribute("stopwords") is not { Length: > 0 } && words.Value > 0 ? words : context.DataSize(node, "words");
        context.SetType(node.Output, new TensorType(ElementType.String, shape.Rank == 1 ? new Shape([count]) : new Shape([Dimension.One, count])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        string action = node.StringAttribute("case_change_action", "NONE");
        string stopWords = CSharpText.List(node.StringsAttribute("stopwords") ?? []);
        string arguments = $"{KernelText.Boolean(node.IntegerAttribute("is_case_sensitive", 0) != 0)}, {KernelText.Boolean(action == "LOWER")}, {KernelText.Boolean(action == "UPPER")}, {stopWords}";
        Dimension count = node.Output.Shape.ElementCount;
        context.Add(new Kernel("text", node, [from], [], writer =>
        {
            string instance = TextHelpers.Instance(writer, "TextNormalizer", arguments);
            string run = $"{instance}.Run(Texts, {writer.Pointer(from)}, {writer.Size(from.Shape.ElementCount)})";
            if (count.IsStatic)
            {
                writer.Line($"{run};");
            }
            else
            {
                writer.SetSize(count, run);
            }
        })
        {
            NeedsSession = true,
            UpdatesState = true,
            Sizes = DataSizes.Names(node),
        });
        context.Add(new Kernel("text", node, [], [to], writer => writer.Line($"TextNormalizer.Write(Texts, {writer.Size(count)}, {writer.Pointer(to)});")) { NeedsSession = true });
    }

    private static void CheckCase(Node node)
    {
        string action = node.StringAttribute("case_change_action", "NONE");
        if (action is not ("NONE" or "LOWER" or "UPPER"))
        {
            throw new ModelException(node, $"attribute 'case_change_action' is '{action}'; it must be 'NONE', 'LOWER' or 'UPPER'");
        }

        string locale = node.StringAttribute("locale", "");
        string language = locale.Split('_', '-', '.')[0].ToLowerInvariant();
        bool needsCase = action != "NONE" || (node.IntegerAttribute("is_case_sensitive", 0) == 0 && node.StringsAttribute("stopwords") is { Length: > 0 });
        if (needsCase && language is "tr" or "az" or "lt")
        {
            throw ModelException.Unsupported(node, $"the upper and lower case of the locale '{locale}' are not supported");
        }
    }
}
