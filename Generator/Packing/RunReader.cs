using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>A slice whose contiguous runs are long enough to be read from the input one by one, so that nothing else of the input is touched.</summary>
internal sealed unsafe class RunReader : ElementReader
{
    /// <summary>Shorter runs cost more in calls than in bytes; such slices are taken from memory.</summary>
    public const int MinimumRunBytes = 1024;

    private readonly ElementReader _input;
    private readonly long _run;
    private readonly long[] _outerShape;
    private readonly long[] _outerStrides;
    private readonly long _offset;

    public RunReader(WeightSlice expression, ElementReader input)
        : base(expression.ElementType, expression.Count)
    {
        _input = input;
        int axis = RunAxis(expression);
        _run = Product(expression.Shape, axis);
        _outerShape = [.. expression.Shape.Take(axis)];
        _outerStrides = new long[axis];
        for (int outer = 0; outer < expression.Shape.Count; outer++)
        {
            long stride = Product(expression.Input.Shape, outer + 1);
            _offset += expression.Start[outer] * stride;
            if (outer < axis)
            {
                _outerStrides[outer] = expression.Step[outer] * stride;
            }
        }
    }

    public static bool Applies(WeightSlice expression)
        => Product(expression.Shape, RunAxis(expression)) * expression.ElementType.Bytes() >= MinimumRunBytes;

    public override void Read(long first, long count, byte* destination)
    {
        while (count > 0)
        {
            long within = first % _run;
            long elements = Math.Min(count, _run - within);
            long outer = first / _run;
            long position = _offset + within;
            for (int axis = _outerShape.Length - 1; axis >= 0; axis--)
            {
                position += outer % _outerShape[axis] * _outerStrides[axis];
                outer /= _outerShape[axis];
            }

            _input.Read(position, elements, destination);
            first += elements;
            count -= elements;
            destination += elements * ElementBytes;
        }
    }

    /// <summary>The first axis from which on the slice takes elements that follow each other in the input.</summary>
    private static int RunAxis(WeightSlice expression)
    {
        int axis = expression.Shape.Count;
        bool whole = true;
        while (axis > 0 && whole && (expression.Step[axis - 1] == 1 || expression.Shape[axis - 1] == 1))
        {
            axis--;
            whole = expression.Shape[axis] == expression.Input.Shape[axis];
        }

        return axis;
    }

    private static long Product(IReadOnlyList<long> shape, int firstAxis)
    {
        long product = 1;
        for (int axis = firstAxis; axis < shape.Count; axis++)
        {
            product *= shape[axis];
        }

        return product;
    }
}
