using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Strings;

namespace Cameo.Generator.Operators;

/// <summary>
/// RegexFullMatch: https://onnx.ai/onnx/operators/onnx__RegexFullMatch.html (version 20). Whether a regular expression of RE2's syntax matches all of each string. Backreferences,
/// looking around, \C and names of scripts are refused.
/// </summary>
internal sealed class RegexFullMatchOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new RegexFullMatchOperator()];

    public override string Type => "RegexFullMatch";

    public override IReadOnlyList<int> Versions => [20];

    /// <summary>Refuses what is no regular expression.</summary>
    public static void Require(Node node, string pattern)
    {
        try
        {
            PatternProgram.Compile(pattern);
        }
        catch (PatternException exception)
        {
            throw ModelException.Unsupported(node, $"'{pattern}' is no regular expression: {exception.Message}");
        }
    }

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Texts.Require(node, 0);
        Require(node, Pattern(node));
        context.SetType(node.Output, new TensorType(ElementType.Boolean, node.Input(0).Shape));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        context.Add(new Kernel("text", node, [from], [to], writer =>
        {
            string instance = TextHelpers.Instance(writer, "TextPattern", CSharpText.Literal(Pattern(node)));
            writer.Line($"{instance}.MatchElements(Texts, {writer.Pointer(from)}, {writer.Size(from.Shape.ElementCount)}, {writer.Pointer(to)});");
        })
        {
            NeedsSession = true,
        });
    }

    private static string Pattern(Node node) => node.HasAttribute("pattern") ? node.StringAttribute("pattern", "") : throw new ModelException(node, "attribute 'pattern' is missing");
}
