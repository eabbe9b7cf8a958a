namespace Cameo.Kernels;

/// <summary>Two input elements and their weights, which make one output element along one axis.</summary>
internal readonly struct ResizeSample
{
    public readonly int First;
    public readonly int Second;
    public readonly float FirstWeight;
    public readonly float SecondWeight;

    private ResizeSample(int first, int second, float secondWeight)
    {
        First = first;
        Second = second;
        FirstWeight = 1 - secondWeight;
        SecondWeight = secondWeight;
    }

    public static ResizeSample Linear(ResizeAxis axis, int output, ResizeCoordinates coordinates)
    {
        float coordinate = Math.Clamp(axis.Coordinate(output, coordinates), 0, axis.Input - 1);
        int first = (int)coordinate;
        return new ResizeSample(first, Math.Min(first + 1, axis.Input - 1), coordinate - first);
    }

    public static ResizeSample Nearest(ResizeAxis axis, int output, ResizeCoordinates coordinates, ResizeRounding rounding)
    {
        int element = axis.Nearest(output, coordinates, rounding);
        return new ResizeSample(element, element, 0);
    }
}
