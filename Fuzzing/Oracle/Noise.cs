using Cameo.Benchmarks.Peers;
using Cameo.Fuzzing.Models;
using Cameo.Sessions;

namespace Cameo.Fuzzing.Oracle;

/// <summary>
/// Imitates rounding errors: multiplies every floating-point element with a factor a little off 1. What a model's results do under it is how well they are conditioned, so that
/// a difference that any order of operations could make is told from a fault.
/// </summary>
/// <param name="random">The source of the factors.</param>
/// <param name="strength">How many units in the last place a factor may be off.</param>
internal sealed class Noise(Random random, double strength)
{
    public OnnxRuntimeTensor Disturb(OnnxRuntimeTensor tensor)
    {
        var type = (ElementType)tensor.ElementType;
        double unit = Unit(type);
        if (unit == 0)
        {
            return tensor;
        }

        double[] numbers = Elements.Numbers(tensor);
        for (int index = 0; index < numbers.Length; index++)
        {
            numbers[index] *= 1 + (((random.NextDouble() * 2) - 1) * strength * unit);
        }

        return Elements.Create(type, tensor.Shape, numbers);
    }

    /// <summary>Distance of 1 from the next number; 0 for integers.</summary>
    private static double Unit(ElementType type) => type switch
    {
        ElementType.Float32 => Math.ScaleB(1, -23),
        ElementType.Float64 => Math.ScaleB(1, -52),
        ElementType.Float16 => Math.ScaleB(1, -10),
        ElementType.BFloat16 => Math.ScaleB(1, -7),
        _ => 0,
    };
}
