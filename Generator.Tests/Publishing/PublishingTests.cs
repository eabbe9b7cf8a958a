using System.Globalization;
using System.Runtime.InteropServices;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Cameo.Tests.Package;
using Cameo.Vectors;
using Xunit;
using Xunit.Abstractions;

namespace Cameo.Tests.Publishing;

/// <summary>
/// Programs of this repository as they are built for use: the model runner checks all models of the test data at every vector width, under the JIT and compiled ahead of
/// time, with one thread and with two; the demo writes text.
/// </summary>
[Trait("Suite", "publish")]
public sealed class PublishingTests(PublishedPrograms programs, ITestOutputHelper output) : IClassFixture<PublishedPrograms>
{
    private const string RunnerName = "model-runner";
    private const string DemoName = "cameo-demo";
    private const long LargestProgram = 10_000_000;

    // The runner has the typed methods of these.
    private static readonly string[] Typed = ["mnist_8", "micro_kws_static_fp32", "ppocr_v2_cls"];
    private static readonly IReadOnlyDictionary<string, string> NoVariables = new Dictionary<string, string>();

    [SkippableFact]
    public void ModelsUnderTheJit()
    {
        RequireModels();
        Check(programs.Publish(PublishedPrograms.ModelRunner, RunnerName), VectorWidth.Bits, NoVariables);
    }

    [SkippableTheory]
    [InlineData(VectorWidthSetting.Preferred256)]
    [InlineData(VectorWidthSetting.Preferred128)]
    [InlineData(VectorWidthSetting.WithoutAvx2)]
    [InlineData(VectorWidthSetting.WithoutIntrinsics)]
    public void ModelsUnderTheJitWithNarrowVectors(VectorWidthSetting setting)
    {
        RequireModels();
        Dictionary<string, string> environment = VectorWidthRunner.Variables(setting).ToDictionary();
        int bits = int.Parse(environment[VectorWidthRunner.ExpectedBitsVariable], CultureInfo.InvariantCulture);
        Check(programs.Publish(PublishedPrograms.ModelRunner, RunnerName), bits, environment);
    }

    [SkippableTheory]
    [InlineData("", 128)]
    [InlineData("x86-x64-v3", 256)]
    [InlineData("native", 512)]
    public void ModelsAheadOfTime(string instructionSet, int bits)
    {
        RequireModels();
        Skip.If(instructionSet.Length > 0 && RuntimeInformation.ProcessArchitecture != Architecture.X64, "The instruction set is one of x64.");
        Skip.If(VectorWidth.Bits < bits, $"This machine has vectors of {VectorWidth.Bits} bits, the program would need {bits}.");
        Check(programs.PublishAheadOfTime(PublishedPrograms.ModelRunner, RunnerName, instructionSet), bits, NoVariables);
    }

    [SkippableFact]
    public void DemoAheadOfTime()
    {
        string program = programs.PublishAheadOfTime(PublishedPrograms.Demo, DemoName, "");
        string folder = Path.GetDirectoryName(program)!;
        string text = Execute(program, NoVariables, "--tokens", "20", "--seed", "1");
        output.WriteLine(text);
        Assert.Matches(@"\w+ \w+ \w+", text.Split('\n')[0]);
        Assert.Contains("20 tokens, ended by --tokens", text, StringComparison.Ordinal);
        Assert.Matches(@"allocated +│ +0 bytes a token", text);
        Assert.Equal(text.Split('\n')[0], Execute(program, NoVariables, "--tokens", "20", "--seed", "1").Split('\n')[0]);
        Assert.NotEmpty(Execute(program, NoVariables, "digits"));
        Assert.Contains("KingJames", Execute(program, NoVariables, "inspect"), StringComparison.Ordinal);

        long size = new FileInfo(program).Length;
        output.WriteLine($"The program has {size.ToString("N0", CultureInfo.InvariantCulture)} bytes.");
        Assert.InRange(size, 1, LargestProgram - 1);
        Assert.Empty(Directory.GetFiles(folder, "*.dll"));
    }

    private static void RequireModels()
    {
        foreach (string model in Typed)
        {
            TestData.RequireModel(model);
        }
    }

    private static string Execute(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments)
        => DotNetCommand.Execute(program, Path.GetDirectoryName(program)!, environment, arguments);

    /// <summary>The runner ends with another exit code than zero, and so fails the test with its output, unless all its checks pass.</summary>
    private void Check(string program, int bits, IReadOnlyDictionary<string, string> environment)
    {
        string text = Execute(program, environment, "--data", TestData.Root, "--width", bits.ToString(CultureInfo.InvariantCulture), "--threads", "1,2");
        output.WriteLine(text);
        Assert.Matches($"[1-9][0-9]* checks passed, 0 failed, with vectors of {bits} bits", text);
        IEnumerable<string> models = TestData.ModelNames.Where(static name => TestData.DataSets(name).Count > 0 && ExpectedFailures.Find(name) is null);
        Assert.All(models, model => Assert.Contains($"passed  {model}, set 0, threads 2: stored outputs", text, StringComparison.Ordinal));
    }
}
