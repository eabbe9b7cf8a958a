using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Reads the lists of tree ensembles and checks that they belong together.</summary>
internal static class TreeAttributes
{
    /// <summary>Integers; empty where the attribute is missing.</summary>
    public static long[] Integers(Node node, string name) => node.IntegersAttribute(name) ?? [];

    /// <summary>Integers of which there must be a certain number.</summary>
    public static long[] Integers(Node node, string name, int count)
    {
        long[] values = Integers(node, name);
        Require(node, name, values.Length, count);
        return values;
    }

    /// <summary>Numbers that are a list, or from version 3 on a tensor under <c>name_as_tensor</c>; null where there are none.</summary>
    public static double[]? Numbers(Node node, string name)
    {
        float[]? list = node.FloatsAttribute(name);
        double[]? tensor = Tensor(node, $"{name}_as_tensor");
        if (list is { Length: > 0 } && tensor is not null)
        {
            throw new ModelException(node, $"both '{name}' and '{name}_as_tensor' are given");
        }

        return tensor ?? (list is { Length: > 0 } ? [.. list.Select(static value => (double)value)] : null);
    }

    /// <summary>The elements of a tensor; null where the attribute is missing or holds nothing.</summary>
    public static double[]? Tensor(Node node, string name)
    {
        if (!node.HasAttribute(name))
        {
            return null;
        }

        return node.TensorAttribute(name) switch
        {
            InlineConstant { Count: 0 } => null,
            InlineConstant { Type.Rank: 1 } inline when ElementTypeSet.Numeric.Contains(inline.Type.ElementType) => ConstantElements.ReadDoubles(inline),
            { } other => throw ModelException.Unsupported(node, $"attribute '{name}' is {other.Type}; expected is a list of numbers"),
            null => null,
        };
    }

    /// <summary>Whether a tensor attribute has float64 elements.</summary>
    public static bool IsDouble(Node node, string name) => node.HasAttribute(name) && node.TensorAttribute(name)?.Type.ElementType == ElementType.Float64;

    public static void Require(Node node, string name, int count, int expected)
    {
        if (count != expected)
        {
            throw new ModelException(node, $"attribute '{name}' has {count} elements, and {expected} belong together");
        }
    }
}
