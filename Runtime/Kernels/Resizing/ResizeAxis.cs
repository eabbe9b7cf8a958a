namespace Cameo.Kernels;

/// <summary>One spatial axis of a resize.</summary>
/// <param name="Input">Elements of the input.</param>
/// <param name="Output">Elements of the output.</param>
/// <param name="Scale">The scale the model gives, or <paramref name="Output"/> / <paramref name="Input"/> where it gives sizes.</param>
public readonly record struct ResizeAxis(int Input, int Output, float Scale)
{
    /// <summary>An axis that keeps its size.</summary>
    /// <param name="size">Elements of input and output.</param>
    public static ResizeAxis Unchanged(int size) => new(size, size, 1);

    /// <exception cref="ArgumentException">A size or the scale is out of range.</exception>
    internal void Validate(string parameter)
    {
        if (Input < 0 || Output < 0 || (Input == 0 && Output > 0) || !(Scale > 0) || !float.IsFinite(Scale))
        {
            throw new ArgumentException(
                $"An input of {Input} cannot become an output of {Output} with scale {Scale}.", parameter);
        }
    }

    /// <summary>Input coordinate of an output element, not rounded, perhaps outside the input. Single precision, as in ONNX Runtime: ties fall as they fall there.</summary>
    internal float Coordinate(int output, ResizeCoordinates coordinates)
    {
        if (Scale == 1)
        {
            return output;
        }

        switch (coordinates)
        {
            case ResizeCoordinates.HalfPixel:
                return ((output + 0.5f) / Scale) - 0.5f;
            case ResizeCoordinates.HalfPixelSymmetric:
                float adjustment = Output / (Scale * Input);
                float offset = Input / 2f * (1 - adjustment);
                return offset + ((output + 0.5f) / Scale) - 0.5f;
            case ResizeCoordinates.PytorchHalfPixel:
                return Output > 1 ? ((output + 0.5f) / Scale) - 0.5f : 0;
            case ResizeCoordinates.AlignCorners:
                return Output > 1 ? (float)output * (Input - 1) / (ExactOutput - 1) : 0;
            case ResizeCoordinates.Asymmetric:
                return output / Scale;
            case ResizeCoordinates.TensorFlowHalfPixel:
                return (output + 0.5f) / Scale;
            default:
                throw new ArgumentOutOfRangeException(nameof(coordinates), coordinates, null);
        }
    }

    /// <summary>
    /// The output's size before it is rounded down, which ONNX aligns corners with. Where it is whole but for rounding of the
    /// scale, the whole number counts, so that the last corner falls exactly on the last element.
    /// </summary>
    private float ExactOutput
    {
        get
        {
            float exact = Scale * Input;
            return MathF.Abs(exact - Output) < 1e-4f * Output ? Output : exact;
        }
    }

    /// <summary>Input element that a nearest-neighbour resize copies.</summary>
    internal int Nearest(int output, ResizeCoordinates coordinates, ResizeRounding rounding)
    {
        float coordinate = Coordinate(output, coordinates);
        float floor = MathF.Floor(coordinate);
        float rounded = rounding switch
        {
            ResizeRounding.Floor => floor,
            ResizeRounding.Ceiling => MathF.Ceiling(coordinate),
            ResizeRounding.RoundPreferFloor => coordinate - floor <= 0.5f ? floor : floor + 1,
            ResizeRounding.RoundPreferCeiling => coordinate - floor < 0.5f ? floor : floor + 1,
            _ => throw new ArgumentOutOfRangeException(nameof(rounding), rounding, null),
        };
        return (int)Math.Clamp(rounded, 0, Input - 1);
    }
}
