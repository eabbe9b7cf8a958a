using System.Diagnostics.CodeAnalysis;

namespace Cameo.Sessions;

/// <content>What generated code calls when an input does not fit: one short call, off the path of a good run.</content>
public abstract unsafe partial class CompiledSession
{
    /// <summary>Throws a <see cref="WrongLengthException"/>.</summary>
    /// <param name="input">ONNX name of the input.</param>
    /// <param name="expected">Number of elements expected.</param>
    /// <param name="actual">Number of elements that came.</param>
    [DoesNotReturn]
    protected static void ThrowWrongLength(string input, long expected, long actual) => throw new WrongLengthException(input, expected, actual);

    /// <summary>Throws a <see cref="WrongRankException"/>.</summary>
    /// <param name="input">ONNX name of the input.</param>
    /// <param name="expected">Number of dimensions expected.</param>
    /// <param name="actual">Number of dimensions that came.</param>
    [DoesNotReturn]
    protected static void ThrowWrongRank(string input, int expected, int actual) => throw new WrongRankException(input, expected, actual);

    /// <summary>Throws a <see cref="DimensionMismatchException"/>.</summary>
    /// <param name="input">ONNX name of the input.</param>
    /// <param name="axis">Index of the dimension.</param>
    /// <param name="dimensionName">Symbol of the dimension; empty for a fixed size.</param>
    /// <param name="expected">Size expected.</param>
    /// <param name="actual">Size that came.</param>
    [DoesNotReturn]
    protected static void ThrowDimensionMismatch(string input, int axis, string dimensionName, long expected, long actual) =>
        throw new DimensionMismatchException(input, axis, dimensionName, expected, actual);

    /// <summary>Throws a <see cref="DimensionOutOfBoundsException"/>.</summary>
    /// <param name="dimensionName">Symbol of the dimension.</param>
    /// <param name="value">Its size in this run.</param>
    /// <param name="minimum">Smallest size allowed.</param>
    /// <param name="maximum">Largest size allowed; <see cref="long.MaxValue"/> where there is no bound.</param>
    /// <param name="optionHint">The option that moves the bound; may be empty.</param>
    [DoesNotReturn]
    protected static void ThrowDimensionOutOfBounds(string dimensionName, long value, long minimum, long maximum, string optionHint) =>
        throw new DimensionOutOfBoundsException(dimensionName, value, minimum, maximum, optionHint);

    /// <summary>Throws a <see cref="ContradictorySizesException"/>.</summary>
    /// <param name="message">The branch that cannot run, and why.</param>
    [DoesNotReturn]
    protected static void ThrowContradiction(string message) => throw new ContradictorySizesException(message);
}
