using System.Globalization;
using Cameo.Tests.Infrastructure;
using Cameo.Vectors;

namespace Cameo.Tests.Conformance;

/// <summary>The widths of vectors with which cases are run: the machine's own and all narrower ones that the runtime can be told to use.</summary>
/// <param name="Name">How reports call it.</param>
/// <param name="Bits">The width that a process must find.</param>
/// <param name="Variables">Environment variables that bring it about.</param>
internal sealed record WidthSetting(string Name, int Bits, IReadOnlyDictionary<string, string> Variables)
{
    public static IReadOnlyList<WidthSetting> All { get; } =
    [
        new("widest", VectorWidth.Bits, new Dictionary<string, string>()),
        .. Enum.GetValues<VectorWidthSetting>().Select(Narrower),
    ];

    private static WidthSetting Narrower(VectorWidthSetting setting)
    {
        var variables = VectorWidthRunner.Variables(setting).ToDictionary(static variable => variable.Name, static variable => variable.Value);
        return new(setting.ToString(), int.Parse(variables[VectorWidthRunner.ExpectedBitsVariable], CultureInfo.InvariantCulture), variables);
    }
}
