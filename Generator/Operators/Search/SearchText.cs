using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>What operators that go along one axis have in common.</summary>
internal static class SearchText
{
    /// <summary>Numbers that .NET compares; 16-bit floating-point numbers go through float32.</summary>
    public static void Require(Node node, int input) => ElementTypeSet.Numeric.Require(node, input);

    /// <summary>The value as float32 where it has 16-bit floating-point numbers, else null.</summary>
    public static Value? Widen(Value x, ExpansionContext context) => x.ElementType is ElementType.Float16 or ElementType.BFloat16 ? new Formula(context).Widen(x) : null;

    /// <summary>"outer, size, inner": a shape around one of its axes.</summary>
    public static string Sizes(KernelWriter writer, Shape shape, int axis) =>
        $"{writer.Size(shape.Product(0, axis))}, {writer.Size(shape[axis])}, {writer.Size(shape.Product(axis + 1, shape.Rank))}";
}
