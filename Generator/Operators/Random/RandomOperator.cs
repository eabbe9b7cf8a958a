using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// The compiler's own <c>cameo.Random</c>: a float or double tensor of random numbers, whose sizes are the elements of input 0. Attributes: distribution ("Uniform" or "Normal"), first
/// and second (bounds, or mean and standard deviation), dtype, and key, the 64 bits of the generator's key; without a key every run draws other numbers. With one the numbers are
/// the same in every run and in every iteration of a loop.
/// </summary>
internal sealed class RandomOperator : Operator
{
    public const string Name = OperatorRegistry.InternalDomain + ".Random";

    public static readonly IReadOnlyList<Operator> All = [new RandomOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => "Random";

    public override IReadOnlyList<int> Versions => [1];

    /// <summary>Adds a node that draws numbers for a node with the attribute <c>seed</c>.</summary>
    public static Value Draw(ExpansionContext context, Node node, Shape shape, ElementType type, string distribution, float first, float second)
    {
        // 16-bit types are rounded from float32.
        ElementType wide = type == ElementType.Float64 ? type : ElementType.Float32;
        (string, object)[] attributes = [("distribution", distribution), ("first", first), ("second", second), ("dtype", (long)wide)];
        Value drawn = context.Add(Name, Key(node) is { } key ? [.. attributes, ("key", key)] : attributes, context.Sizes((IReadOnlyList<Dimension>)[.. shape]));
        return new Formula(context).Cast(drawn, type);
    }

    /// <summary>The generator's key for a node, as C#: of its seed, or new for every run.</summary>
    public static string KeyText(Node node) => Key(node) is { } key ? $"0x{key.ToString("X16", CultureInfo.InvariantCulture)}UL" : "RandomNumbers.NewSeed()";

    /// <summary>What the attributes 'seed' (a floating-point number; an integer for Dropout) or 'key' say.</summary>
    private static long? Key(Node node) =>
        node.HasAttribute("key") ? node.IntegerAttribute("key", 0)
        : !node.HasAttribute("seed") ? null
        : node.Attributes["seed"].Value is long integer ? integer
        : BitConverter.DoubleToInt64Bits(node.FloatAttribute("seed", 0));

    public override void Infer(Node node, InferenceContext context) =>
        context.SetType(node.Output, new TensorType((ElementType)node.IntegerAttribute("dtype", (long)ElementType.Float32), new Shape([.. context.RequiredElements(node, 0, "the shape")])));

    public override void Lower(Node node, LoweringContext context)
    {
        View to = context.Write(node.Output);
        string first = KernelText.Number(node.FloatAttribute("first", 0), ElementType.Float64), second = KernelText.Number(node.FloatAttribute("second", 1), ElementType.Float64);
        context.Add(new Kernel("random", node, [], [to], writer => writer.Line(
            $"RandomNumbers.Fill(Workers, {writer.Pointer(to)}, {writer.Size(to.Shape.ElementCount)}, RandomDistribution.{node.StringAttribute("distribution", "Uniform")}, {first}, {second}, {KeyText(node)});"))
        {
            Summary = $"{to.Shape}",
        });
    }
}
