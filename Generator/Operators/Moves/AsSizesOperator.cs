using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// <c>cameo.AsSizes</c>: a small integer tensor that kernels compute, whose elements the model uses as sizes, positions or counts. Its kernel reads them, and from then on they are
/// known as expressions: what follows from them is arithmetic on sizes like any other.
/// </summary>
internal sealed class AsSizesOperator : Operator
{
    public const string Name = "AsSizes";

    public static readonly IReadOnlyList<Operator> All = [new AsSizesOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => Name;

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        var any = new DimensionRange(long.MinValue, long.MaxValue);
        int count = (int)input.Shape.ElementCount.Constant;
        IReadOnlyList<string> names = DataSizes.Names(node);
        if (input.Elements is { } elements)
        {
            // Known after all: what was required of the symbols is required of what they stand for.
            for (int index = 0; index < names.Count; index++)
            {
                context.Symbols.Define(names[index], elements[index]);
            }
        }

        context.SetElements(node.Output, input.RequiredType, input.Elements
            ?? (names.Count == count ? names.Select(Dimension.Symbol).ToArray() : null)
            ?? [.. Enumerable.Range(0, count).Select(index => DataSizes.Declare(node, count == 1 ? "number" : $"number {index}", any, isSize: false, context.Symbols))]);
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        context.SetView(node.Output, from);
        IReadOnlyList<string> names = DataSizes.Names(node);
        if (names.Count == 0 || node.Input(0).Elements is not null)
        {
            return;
        }

        context.Add(new Kernel("sizes", node, [from], [], writer =>
        {
            for (int index = 0; index < names.Count; index++)
            {
                string number = $"*({writer.Pointer(from)} + {index})";
                Dimension symbol = Dimension.Symbol(names[index]);
                if (context.Graph.Symbols.Range(names[index]).Minimum >= 0)
                {
                    writer.SetSize(symbol, number);
                }
                else
                {
                    writer.Line($"{writer.Size(symbol)} = {number};");
                }
            }
        })
        {
            Sizes = names,
            Summary = $"{node.Input(0).Name} as sizes",
        });
    }
}
