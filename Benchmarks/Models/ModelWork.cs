using Cameo.Sessions;

namespace Cameo.Benchmarks.Models;

/// <summary>A model and the inputs it is measured with.</summary>
/// <param name="Group">Models whose geometric mean is stated together.</param>
/// <param name="Name">What the table calls it.</param>
/// <param name="Path">The <c>.onnx</c> file.</param>
/// <param name="Shapes">Sizes of inputs whose declared ones are open, by name.</param>
/// <param name="Tolerance">Most that two engines' results may differ by, as a share of the largest result.</param>
internal sealed record ModelWork(string Group, string Name, string Path, IReadOnlyDictionary<string, long[]> Shapes, double Tolerance)
{
    /// <summary>Random inputs for a compiled model, the same for the same model every time.</summary>
    public Dictionary<string, Tensor> MakeInputs(CompiledModel model)
    {
        var random = new Random(7);
        var inputs = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var input in model.Description.Inputs)
        {
            inputs.Add(input.Name, Make(input.ElementType, Shape(input.Name, input.Dimensions), random));
        }

        foreach (var state in model.Description.States)
        {
            var tensor = new Tensor(state.ElementType, Shape(state.InputName, state.Dimensions));
            inputs.Add(state.InputName, tensor);
        }

        return inputs;
    }

    private long[] Shape(string name, string[] dimensions) => Shapes.TryGetValue(name, out long[]? shape)
        ? shape
        : [.. dimensions.Select(static size => long.TryParse(size, out long number) ? number : 1)];

    private static Tensor Make(ElementType type, long[] shape, Random random)
    {
        long count = shape.Aggregate(1L, static (product, size) => product * size);
        return type switch
        {
            ElementType.Float32 => Tensor.Create(Fill(count, () => (random.NextSingle() * 2) - 1), shape),
            ElementType.Int64 when shape.Length == 0 => Tensor.Create(new long[] { 16000 }, shape),
            ElementType.Int64 => Tensor.Create(Fill(count, () => (long)random.Next(0, 2)), shape),
            ElementType.UInt8 => Tensor.Create(Fill(count, () => (byte)random.Next(256)), shape),
            ElementType.Int8 => Tensor.Create(Fill(count, () => (sbyte)random.Next(-128, 128)), shape),
            _ => throw new NotSupportedException($"No random inputs of type {type} are made."),
        };
    }

    private static T[] Fill<T>(long count, Func<T> next)
    {
        var values = new T[count];
        for (long index = 0; index < count; index++)
        {
            values[index] = next();
        }

        return values;
    }
}
