using Cameo.Descriptions;

namespace Cameo.Tests.Models;

/// <summary>What a comparison needs to know of a model.</summary>
/// <param name="Inputs">Names of the inputs, in the order of the numbers of their files.</param>
/// <param name="Outputs">Names of the outputs, likewise.</param>
/// <param name="RelativePrecision">0: the models here compute in float32.</param>
internal sealed record ModelSignature(IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, double RelativePrecision)
{
    public static ModelSignature Read(ModelDescription description)
        => new([.. description.Inputs.Select(static input => input.Name)], [.. description.Outputs.Select(static output => output.Name)], 0);
}
