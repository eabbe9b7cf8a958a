using System.Xml.Linq;
using Cameo.Generator;
using Cameo.Generator.Onnx;
using Cameo.Generator.Reports;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Outlining;
using Xunit;

namespace Cameo.Tests.Reports;

/// <summary>The report tells of kernels, patterns, states and memory, in a form that programs can read back.</summary>
public sealed class ModelReportTests
{
    private const string Bounds = "batch<=2; sequence<=8; past<=32";

    [Fact]
    public void KernelsAreToldWithTheirNodes()
    {
        ModelReport report = Report(RepeatedBlockTests.Transformer(6), Bounds);
        ReportSection kernels = Section(report, "Kernels");
        IReadOnlyList<string> up = Row(kernels, "Relu layers.{0..5}.active_Relu");
        Assert.Equal("6", up[1]);
        Assert.Contains("MatMul layers.{0..5}.wide_MatMul", up[4], StringComparison.Ordinal);

        // [batch · sequence, 24] · [24, 48] at a batch of 2 and 8 tokens.
        Assert.Equal($"{2 * 8 * 24 * 48:N0}", up[5]);
        int calls = kernels.Rows.Sum(static row => int.Parse(row[1]));
        Assert.Contains(report.Facts, fact => fact.Name == "Kernels" && fact.Value.StartsWith($"{calls} a run", StringComparison.Ordinal));
        Assert.Equal(100, kernels.Rows.Sum(static row => double.Parse(row[6].TrimEnd(' ', '%'), System.Globalization.CultureInfo.InvariantCulture)), 1.0);
    }

    [Fact]
    public void StatesAreToldByTheirPattern()
    {
        ReportSection states = Section(Report(RepeatedBlockTests.Transformer(6), Bounds), "States");
        Assert.Equal(["past.{0..5}.key", "past.{0..5}.value"], states.Rows.Select(static row => row[0]));
        Assert.All(states.Rows, static row => Assert.Equal("6", row[4]));
    }

    [Fact]
    public void PatternsAndWhatIsNoneAreTold()
    {
        // erf-GELU as exporters write it, and one whose factor is another.
        ModelReport report = Report(Gelu(0.5f));
        Assert.Equal("gelu", Assert.Single(Section(report, "Recognised patterns").Rows)[0]);
        Assert.Empty(Section(report, "Patterns not recognised").Rows);
        Assert.Contains("Erf", Section(report, "Recognised patterns").Rows[0][3], StringComparison.Ordinal);

        report = Report(Gelu(0.7f));
        Assert.DoesNotContain(Section(report, "Recognised patterns").Rows, static row => row[0] == "gelu");
        Assert.NotEmpty(Assert.Single(Section(report, "Patterns not recognised").Rows, static row => row[0] == "gelu")[3]);
    }

    [Fact]
    public void MemoryPlanIsDrawn()
    {
        ReportSection memory = Section(Report(RepeatedBlockTests.Transformer(6), Bounds), "Memory plan");
        XElement picture = XElement.Parse(memory.Picture);
        XElement[] places = [.. picture.Elements("rect").Where(static rectangle => rectangle.Element("title") is not null)];
        Assert.True(places.Length > 6 * 6, $"{places.Length} places");
        Assert.All(places, static place => Assert.InRange(Attribute(place, "y") + Attribute(place, "height"), 0, 420));

        // Two that overlap in time do not overlap in place.
        foreach (XElement left in places)
        {
            foreach (XElement right in places.Where(other => other != left))
            {
                bool apart = End(left, "x", "width") <= Attribute(right, "x") + 0.02 || End(right, "x", "width") <= Attribute(left, "x") + 0.02
                    || End(left, "y", "height") <= Attribute(right, "y") + 0.02 || End(right, "y", "height") <= Attribute(left, "y") + 0.02;
                Assert.True(apart, $"{left}\n{right}");
            }
        }

        static double Attribute(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, System.Globalization.CultureInfo.InvariantCulture);
        static double End(XElement element, string start, string length) => Attribute(element, start) + Attribute(element, length);
    }

    [Fact]
    public void NamesOfTheModelAreNoMarkup()
    {
        ModelReport report = Report(new OnnxModelBuilder().Input("<script>|x", 4).Node("Neg", ["<script>|x"], ["y&<b>"]).Output("y&<b>", 4));
        string page = ReportPage.Write(report);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;|x", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;\\|x", ReportMarkdown.Write(report), StringComparison.Ordinal);
    }

    [Fact]
    public void ReportIsTheSameUnderEveryCulture()
    {
        OnnxModelBuilder model = RepeatedBlockTests.Transformer(5);
        string expected = ReportPage.Write(Report(model, Bounds)) + ReportMarkdown.Write(Report(model, Bounds));
        Assert.Equal(expected, ForeignCulture.Run(() => ReportPage.Write(Report(model, Bounds)) + ReportMarkdown.Write(Report(model, Bounds))));
    }

    private static OnnxModelBuilder Gelu(float factor) => new OnnxModelBuilder()
        .Input("x", 2, 8).Constant("root", [MathF.Sqrt(2)]).Constant("one", [1f]).Constant("half", [factor])
        .Node("Div", ["x", "root"], ["scaled"])
        .Node("Erf", ["scaled"], ["erf"])
        .Node("Add", ["erf", "one"], ["plus"])
        .Node("Mul", ["x", "plus"], ["product"])
        .Node("Mul", ["product", "half"], ["y"])
        .Output("y", 2, 8);

    private static ModelReport Report(OnnxModelBuilder model, string bounds = "")
    {
        string text = model.ToGraphText(new Dictionary<string, string>
        {
            [GraphOptions.Class] = "Told",
            [GraphOptions.Namespace] = "Tests",
            [GraphOptions.Dimensions] = bounds,
        });
        CompileResult result = ModelCompiler.Compile(text, new CompileSettings { Validate = true, Report = true });
        Assert.True(result.Succeeded, string.Join("\n", result.Diagnostics));
        return result.Report!;
    }

    private static ReportSection Section(ModelReport report, string title) => Assert.Single(report.Sections, section => section.Title == title);

    private static IReadOnlyList<string> Row(ReportSection section, string node) => Assert.Single(section.Rows, row => row[4].Split('\n').Contains(node));
}
