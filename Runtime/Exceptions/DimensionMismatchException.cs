namespace Cameo;

/// <summary>A dimension of an input has another size than the model, or an input bound before it, fixes.</summary>
/// <param name="input">ONNX name of the input.</param>
/// <param name="axis">Index of the dimension.</param>
/// <param name="dimensionName">Symbol of the dimension; empty for a fixed size.</param>
/// <param name="expected">Size expected.</param>
/// <param name="actual">Size that came.</param>
public sealed class DimensionMismatchException(string input, int axis, string dimensionName, long expected, long actual)
    : ModelInputException(input, Describe(input, axis, dimensionName, expected, actual))
{
    /// <summary>Index of the dimension.</summary>
    public int Axis { get; } = axis;

    /// <summary>Symbol of the dimension; empty for a fixed size.</summary>
    public string DimensionName { get; } = dimensionName;

    /// <summary>Size expected.</summary>
    public long Expected { get; } = expected;

    /// <summary>Size that came.</summary>
    public long Actual { get; } = actual;

    private static string Describe(string input, int axis, string dimensionName, long expected, long actual)
    {
        string name = dimensionName.Length == 0 ? "" : $" ('{dimensionName}')";
        return $"Dimension {axis}{name} of input '{input}' must be {expected}, but is {actual}.";
    }
}
