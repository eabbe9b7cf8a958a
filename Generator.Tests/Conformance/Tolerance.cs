using System.Text.Json;
using Cameo.Sessions;
using Cameo.Tests.Models;

namespace Cameo.Tests.Conformance;

/// <summary>By how much an output may differ: |actual - expected| ≤ absolute + relative · |expected|.</summary>
internal readonly record struct Tolerance(double Absolute, double Relative)
{
    private const string ValidationFile = "validation.json";
    private const string DescriptionFile = "data.json";

    /// <summary>What ONNX's runner allows, for every element type.</summary>
    private static readonly Tolerance Default = new(1e-7, 1e-3);

    /// <summary>
    /// Where that is wider, by the beginning of the case's name, as in ONNX's own test of its reference: the inverse transforms expect values near zero that are rounding noise of the
    /// implementation that made them, and the expanded Celu rounds each step to bfloat16.
    /// </summary>
    private static readonly (string Prefix, Tolerance Tolerance)[] Wider =
    [
        ("test_dft_inverse", new(1e-6, 1e-3)),
        ("test_celu_bfloat16_expanded", new(1e-2, 1e-2)),
    ];

    /// <summary>The tolerance of a case's output: what validation.json or data.json of the case says, else the default of ONNX's runner.</summary>
    public static Tolerance Find(CaseArchives archives, ConformanceCase @case, int output, ElementType type)
    {
        if (archives.Find(@case, ValidationFile) is { } validation)
        {
            using var document = JsonDocument.Parse(validation);
            JsonElement stated = document.RootElement.GetProperty("outputs")[output];
            return OfOperatorTest(type, Number(stated, "absolute_error"), Number(stated, "relative_error"));
        }

        if (archives.Find(@case, DescriptionFile) is { } description)
        {
            using var document = JsonDocument.Parse(description);
            return new(Number(document.RootElement, "atol") ?? Default.Absolute, Number(document.RootElement, "rtol") ?? Default.Relative);
        }

        Tolerance wider = Wider.FirstOrDefault(entry => @case.Name.StartsWith(entry.Prefix, StringComparison.Ordinal)).Tolerance;
        return wider == default ? Default : wider;
    }

    /// <summary>Where a test of ONNX Runtime states nothing, its defaults hold; an integer must be equal unless the test allows a difference of at least 1.</summary>
    private static Tolerance OfOperatorTest(ElementType type, double? absolute, double? relative)
    {
        if (!TensorNumbers.IsFloatingPoint(type))
        {
            return new(absolute >= 1 ? absolute.Value : 0, 0);
        }

        Tolerance defaults = type switch
        {
            ElementType.Float16 => new(2.5e-3, 1e-3),
            ElementType.BFloat16 => new(2e-2, 1e-2),
            ElementType.Float64 => new(1e-5, 1e-5),
            _ => new(1e-5, 1e-4),
        };
        return new(absolute ?? defaults.Absolute, relative ?? defaults.Relative);
    }

    private static double? Number(JsonElement element, string property)
        => element.TryGetProperty(property, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
