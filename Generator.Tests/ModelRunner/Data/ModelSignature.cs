using Cameo.Descriptions;
using Cameo.Sessions;

namespace Cameo.Tests.Models;

/// <summary>What a comparison needs to know of a model.</summary>
/// <param name="Inputs">Names of the inputs, in the order of the numbers of their files.</param>
/// <param name="Outputs">Names of the outputs, likewise.</param>
/// <param name="RelativePrecision">What a result may differ by for the narrowest floating-point type among inputs and outputs; 0 for float32.</param>
internal sealed record ModelSignature(IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, double RelativePrecision)
{
    public static ModelSignature Read(ModelDescription description)
    {
        HashSet<ElementType> types = [.. description.Inputs.Concat(description.Outputs).Select(static value => value.ElementType), .. description.States.Select(static state => state.ElementType)];
        double precision = types.Contains(ElementType.BFloat16) ? Math.ScaleB(1, -6) : types.Contains(ElementType.Float16) ? Math.ScaleB(1, -9) : 0;
        return new([.. description.Inputs.Select(static input => input.Name)], [.. description.Outputs.Select(static output => output.Name)], precision);
    }
}
