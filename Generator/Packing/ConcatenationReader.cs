using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Readers joined along an axis: each row of the axes before it holds a run of every input.</summary>
internal sealed unsafe class ConcatenationReader : ElementReader
{
    private readonly ElementReader[] _inputs;

    // _runs[i] elements of input i stand in each row, from _starts[i] on.
    private readonly long[] _runs;
    private readonly long[] _starts;
    private readonly long _rowLength;

    public ConcatenationReader(WeightConcatenation expression, ElementReader[] inputs)
        : base(expression.ElementType, expression.Count)
    {
        _inputs = inputs;
        _runs = new long[inputs.Length];
        _starts = new long[inputs.Length];
        for (int index = 0; index < inputs.Length; index++)
        {
            _starts[index] = _rowLength;
            _runs[index] = expression.Inputs[index].Shape.Skip(expression.Axis).Aggregate(1L, (product, size) => product * size);
            _rowLength += _runs[index];
        }
    }

    public override void Read(long first, long count, byte* destination)
    {
        while (count > 0)
        {
            long row = first / _rowLength;
            long column = first % _rowLength;
            long elements;
            if (column == 0 && count >= _rowLength)
            {
                elements = count / _rowLength * _rowLength;
                ReadRows(row, count / _rowLength, destination);
            }
            else
            {
                int input = Array.FindLastIndex(_starts, start => start <= column);
                long within = column - _starts[input];
                elements = Math.Min(count, _runs[input] - within);
                _inputs[input].Read((row * _runs[input]) + within, elements, destination);
            }

            first += elements;
            count -= elements;
            destination += elements * ElementBytes;
        }
    }

    /// <summary>Whole rows, input by input.</summary>
    private void ReadRows(long row, long rows, byte* destination)
    {
        for (int input = 0; input < _inputs.Length; input++)
        {
            _inputs[input].ReadRuns(row * _runs[input], _runs[input], rows, destination + (_starts[input] * ElementBytes), _rowLength * ElementBytes);
        }
    }
}
