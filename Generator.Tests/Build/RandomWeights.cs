using Cameo.Generator.Graphs;

namespace Cameo.Tests.Build;

/// <summary>Random trees of weight transforms over random tensors.</summary>
internal sealed class RandomWeights(int seed, MemoryTensorSource source)
{
    private readonly Random _random = new(seed);
    private int _tensors;

    public WeightExpression Next(int depth, IReadOnlyList<long>? wanted = null)
    {
        IReadOnlyList<long> shape = wanted ?? RandomShape();
        return depth == 0 ? Leaf(shape) : _random.Next(7) switch
        {
            0 => Transpose(shape, depth),
            1 => Slice(shape, depth),
            2 => Concatenation(shape, depth),
            3 => new WeightScale(Next(depth - 1, shape), 0.5f + _random.NextSingle()),
            4 => new WeightReshape(Next(depth - 1, OtherShape(shape)), shape),
            5 => new WeightCast(Tensor(shape, ElementType.Float16), ElementType.Float32),
            _ => Leaf(shape),
        };
    }

    public IReadOnlyList<long> RandomShape() => [.. Enumerable.Range(0, _random.Next(1, 5)).Select(_ => (long)_random.Next(1, 9))];

    private WeightExpression Leaf(IReadOnlyList<long> shape) => _random.Next(6) switch
    {
        5 => new WeightReinterpret(new WeightBytes(Floats(shape), ElementType.UInt8, [.. shape.Take(shape.Count - 1), shape[^1] * 4]), ElementType.Float32),
        0 => new WeightFill(BitConverter.GetBytes(_random.NextSingle()), ElementType.Float32, shape),
        1 => new WeightBytes(Floats(shape), ElementType.Float32, shape),
        _ => Tensor(shape, ElementType.Float32),
    };

    private WeightSource Tensor(IReadOnlyList<long> shape, ElementType type)
    {
        string name = "tensor" + _tensors++;
        byte[] floats = Floats(shape);
        source.Add(name, type == ElementType.Float32 ? floats : [.. Enumerable.Range(0, floats.Length / 4)
            .SelectMany(index => BitConverter.GetBytes((Half)BitConverter.ToSingle(floats, index * 4)))]);
        return new WeightSource(name, type, shape);
    }

    private byte[] Floats(IReadOnlyList<long> shape)
        => [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (product, size) => product * size)).SelectMany(_ => BitConverter.GetBytes(_random.NextSingle() - 0.5f))];

    private WeightTranspose Transpose(IReadOnlyList<long> shape, int depth)
    {
        int[] permutation = [.. Enumerable.Range(0, shape.Count)];
        _random.Shuffle(permutation);
        long[] input = new long[shape.Count];
        for (int axis = 0; axis < shape.Count; axis++)
        {
            input[permutation[axis]] = shape[axis];
        }

        return new WeightTranspose(Next(depth - 1, input), permutation);
    }

    private WeightSlice Slice(IReadOnlyList<long> shape, int depth)
    {
        long[] step = [.. shape.Select(_ => (long)(_random.Next(4) switch { 0 => 2, 1 => -1, _ => 1 }))];
        long[] before = [.. shape.Select(_ => (long)_random.Next(3))];
        long[] input = [.. shape.Select((size, axis) => before[axis] + ((size - 1) * Math.Abs(step[axis])) + 1 + _random.Next(3))];
        long[] start = [.. shape.Select((size, axis) => before[axis] + (step[axis] < 0 ? (size - 1) * -step[axis] : 0))];
        return new WeightSlice(Next(depth - 1, input), start, step, shape);
    }

    private WeightExpression Concatenation(IReadOnlyList<long> shape, int depth)
    {
        int axis = _random.Next(shape.Count);
        if (shape[axis] < 2)
        {
            return Next(depth - 1, shape);
        }

        long first = _random.NextInt64(1, shape[axis]);
        long[] Part(long size) => [.. shape.Select((whole, index) => index == axis ? size : whole)];
        return new WeightConcatenation([Next(depth - 1, Part(first)), Next(depth - 1, Part(shape[axis] - first))], axis, shape);
    }

    /// <summary>Another shape of as many elements.</summary>
    private long[] OtherShape(IReadOnlyList<long> shape)
    {
        List<long> factors = [];
        long left = shape.Aggregate(1L, (product, size) => product * size);
        for (long factor = 2; left > 1; factor++)
        {
            for (; left % factor == 0; left /= factor)
            {
                factors.Add(factor);
            }
        }

        List<long> result = [1];
        foreach (long factor in factors)
        {
            if (_random.Next(2) == 0)
            {
                result.Add(factor);
            }
            else
            {
                result[_random.Next(result.Count)] *= factor;
            }
        }

        return [.. result];
    }
}
