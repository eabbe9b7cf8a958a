using System.Diagnostics;
using System.Text;
using Cameo.Generator;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Onnx;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Compilation;

/// <summary>Damaged models and texts end in diagnostics or in code, soon, and never in a fault of the compiler.</summary>
public sealed class HostileModelTests
{
    private const int MutationsPerModel = 40;
    private const int LargestModel = 64 * 1024;

    // Compiling takes milliseconds; on a busy machine seconds may pass in which the process does not run.
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(30);

    /// <summary>The small models: in the others most bits are weights.</summary>
    public static TheoryData<string> Models => [.. TestData.ModelNames.Where(static name => new FileInfo(TestData.ModelPath(name)).Length <= LargestModel).DefaultIfEmpty("")];

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void FlippedBitsInTheFile(string folder)
    {
        TestData.RequireModels();
        byte[] original = File.ReadAllBytes(TestData.ModelPath(folder));
        var random = new Random(StableHash(folder));
        for (int mutation = 0; mutation < MutationsPerModel; mutation++)
        {
            byte[] bytes = [.. original];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            }

            ImportResult import = ModelImporter.Import(new MemoryStream(bytes), Path.GetDirectoryName(TestData.ModelPath(folder)), ImportOptions.Default);
            Assert.DoesNotContain(import.Diagnostics, static diagnostic => diagnostic.Id == ImportDiagnosticIds.InternalError);
            if (import.Succeeded)
            {
                CompileWithinLimit(import.GraphText!, $"{folder}, mutation {mutation}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void ChangedCharactersInTheText(string folder)
    {
        TestData.RequireModels();
        string original = ModelImporter.Import(TestData.ModelPath(folder), ImportOptions.Default).GraphText!;
        var random = new Random(StableHash(folder) + 1);
        for (int mutation = 0; mutation < MutationsPerModel; mutation++)
        {
            StringBuilder text = new(original);
            int position = random.Next(text.Length);
            switch (random.Next(4))
            {
                case 0:
                    text[position] = (char)random.Next(32, 127);
                    break;
                case 1:
                    text.Remove(position, Math.Min(text.Length - position, random.Next(1, 20)));
                    break;
                case 2:
                    // Digits change sizes, types and numbers.
                    while (!char.IsDigit(text[position]))
                    {
                        position = (position + 1) % text.Length;
                    }

                    text[position] = (char)random.Next('0', '9' + 1);
                    break;
                default:
                    text.Insert(position, text.ToString(random.Next(text.Length / 2), random.Next(1, 40)));
                    break;
            }

            CompileWithinLimit(text.ToString(), $"{folder}, mutation {mutation}");
        }
    }

    [Fact]
    public void GiantSizesAreRefused()
    {
        OnnxModelBuilder model = new OnnxModelBuilder().Input("x", long.MaxValue / 2, 1024, 1024);
        for (int node = 0; node < 10; node++)
        {
            model.Node("Relu", [node == 0 ? "x" : $"v{node}"], [$"v{node + 1}"]);
        }

        CompileResult result = CompileWithinLimit(model.Output("v10", long.MaxValue / 2, 1024, 1024).ToGraphText(), "giant sizes");

        Assert.Contains(result.Diagnostics, static diagnostic => diagnostic.Severity == DiagnosticLevel.Error);
    }

    [Fact]
    public void CyclesAreRefused()
    {
        OnnxModelBuilder model = new OnnxModelBuilder().Input("x", 4).Node("Add", ["x", "b"], ["a"]).Node("Relu", ["a"], ["b"]).Output("b", 4);

        CompileResult result = CompileWithinLimit(model.ToGraphText(), "a cycle");

        Assert.Contains(result.Diagnostics, static diagnostic => diagnostic.Severity == DiagnosticLevel.Error);
    }

    private static CompileResult CompileWithinLimit(string text, string what)
    {
        var time = Stopwatch.StartNew();
        using CancellationTokenSource limit = new(TimeLimit);
        CompileResult result = ModelCompiler.Compile(text, new CompileSettings { Validate = true }, limit.Token);
        Assert.True(time.Elapsed < TimeLimit, $"{what}: compiling took {time.Elapsed}");
        DiagnosticInfo? fault = result.Diagnostics.FirstOrDefault(static diagnostic => diagnostic.Id == DiagnosticIds.InternalError);
        Assert.True(fault is null, $"{what}: {fault}");
        Assert.True(result.Succeeded == result.Sources.Count > 0, $"{what}: there must be either code or an error.");
        return result;
    }

    /// <summary>The same mutations in every run.</summary>
    private static int StableHash(string text) => text.Aggregate(17, static (hash, character) => unchecked((hash * 31) + character));
}
