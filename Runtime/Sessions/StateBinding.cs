using System.Globalization;

namespace Cameo.Sessions;

/// <summary>A state as the untyped interface sees it: a tensor that is loaded and read by name.</summary>
internal abstract class StateBinding : IDisposable
{
    /// <summary>Whether tokens can be taken away from the end; a state that only holds the last run's values can't go back.</summary>
    public abstract bool CanRewind { get; }

    /// <summary>Replaces the content.</summary>
    /// <param name="name">ONNX name, for messages.</param>
    /// <param name="value">The content, of the right element type.</param>
    public abstract void Load(string name, TensorView value);

    /// <summary>Copies the content.</summary>
    public abstract Tensor Read();

    /// <summary>Empties the state, unless the sequence it belongs to does that.</summary>
    public abstract void Reset();

    /// <summary>Called when the sequence the state belongs to was rewound or emptied in part.</summary>
    /// <param name="toTheBeginning">Whether no row holds a token any more.</param>
    public virtual void Rewound(bool toTheBeginning)
    {
    }

    /// <summary>Copies what the same state of another session holds, unless the sequence it belongs to does that.</summary>
    public abstract void CopyFrom(StateBinding source);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Checks that a shape has these sizes; −1 stands for any.</summary>
    protected static void CheckShape(string name, ReadOnlySpan<long> expected, ReadOnlySpan<long> actual)
    {
        if (actual.Length != expected.Length)
        {
            throw new WrongRankException(name, expected.Length, actual.Length);
        }

        for (int axis = 0; axis < expected.Length; axis++)
        {
            if (expected[axis] >= 0 && actual[axis] != expected[axis])
            {
                throw new DimensionMismatchException(name, axis, "", expected[axis], actual[axis]);
            }
        }
    }

    /// <summary>A size as a number of rows or columns.</summary>
    protected static int ToCount(string name, int axis, long size)
    {
        string dimension = string.Create(CultureInfo.InvariantCulture, $"{name}[{axis}]");
        return size <= int.MaxValue ? (int)size : throw new DimensionOutOfBoundsException(dimension, size, 0, int.MaxValue, "");
    }
}
