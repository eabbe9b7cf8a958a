using System.Globalization;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Package;

/// <summary>The packages as a user meets them: restored from a feed into projects outside the repository.</summary>
[Trait("Suite", "package")]
public sealed class PackageTests(PackageFixture fixture) : IClassFixture<PackageFixture>
{
    // Sums of some fifty products in float32.
    private const double Tolerance = 1e-5;

    private const string Program = """
        using System.Globalization;
        using Cameo.Sessions;

        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        float[] input = [.. args.Select(float.Parse)];
        using CompiledModel model = new Networks.Small();
        using CompiledSession session = model.CreateSession();
        var outputs = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(input, 1, input.Length) });
        Console.WriteLine(string.Join(' ', outputs["y"].AsSpan<float>().ToArray().Select(value => value.ToString("R"))));
        """;

    [Fact]
    public void ProjectBuildsOnceRunsAndPublishes()
    {
        string folder = CreateProject("application", "net10.0", "file");
        SmallNetwork network = new(1);
        File.WriteAllBytes(Path.Combine(folder, "small.onnx"), network.ToOnnx());
        Build(folder);
        AssertOutput(network, Run(Path.Combine(folder, "bin", "Release", "net10.0")));

        // A second build does nothing.
        Dictionary<string, DateTime> stamps = Stamps(folder);
        string log = Build(folder, "-v:detailed");
        Assert.Equal(stamps, Stamps(folder));
        Assert.Contains("Skipping target \"CoreCompile\" because all output files are up-to-date", log, StringComparison.Ordinal);
        Assert.DoesNotContain("Importing ", log, StringComparison.Ordinal);
        Assert.DoesNotContain("Packing ", log, StringComparison.Ordinal);

        // New weights in the same graph are packed but not compiled.
        network = new SmallNetwork(50);
        File.WriteAllBytes(Path.Combine(folder, "small.onnx"), network.ToOnnx());
        log = Build(folder, "-v:detailed");
        Assert.Contains("Skipping target \"CoreCompile\" because all output files are up-to-date", log, StringComparison.Ordinal);
        Assert.Contains("Packing Small.weights", log, StringComparison.Ordinal);
        AssertOutput(network, Run(Path.Combine(folder, "bin", "Release", "net10.0")));

        DotNet(folder, "clean", "-c", "Release");
        Assert.False(Directory.Exists(Path.Combine(folder, "obj", "cameo", "Release")));
        Assert.False(File.Exists(Path.Combine(folder, "bin", "Release", "net10.0", "Small.weights")));

        // Ahead of time for net9.0, the oldest framework that the runtime serves. A property of the project turns to it: restoring ignores TargetFramework on the
        // command line.
        string published = fixture.CreateFolder("application-aot");
        DotNet(folder, "publish", "-c", "Release", "-p:AheadOfTime=true", "-o", published);
        Assert.Empty(Directory.GetFiles(published, "*.dll"));
        AssertOutput(network, Run(published));
    }

    [Fact]
    public void WeightsReachAProjectThatReferencesALibraryOfTwoFrameworks()
    {
        string library = CreateProject("library", "net10.0;net9.0", "file");
        SmallNetwork network = new(3);
        File.WriteAllBytes(Path.Combine(library, "small.onnx"), network.ToOnnx());
        File.Delete(Path.Combine(library, "Program.cs"));
        string application = fixture.CreateFolder("user-of-library");
        File.WriteAllText(Path.Combine(application, "Application.csproj"), Project("net10.0", """<ProjectReference Include="../library/Application.csproj" />""")
            .Replace("<RootNamespace>", "<AssemblyName>User</AssemblyName><RootNamespace>", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(application, "Program.cs"), Program);

        string log = DotNet(library, "build", "-c", "Release", "-v:detailed");
        Assert.Equal(1, Count(log, "Importing small.onnx"));
        Assert.Equal(1, Count(log, "Packing Small.weights"));
        Assert.All(["net10.0", "net9.0"], framework => Assert.True(File.Exists(Path.Combine(library, "bin", "Release", framework, "Small.weights"))));

        Build(application);
        AssertOutput(network, Run(Path.Combine(application, "bin", "Release", "net10.0"), "User"));
        string published = fixture.CreateFolder("user-of-library-published");
        DotNet(application, "publish", "-c", "Release", "-p:PublishSingleFile=true", "--self-contained", "false", "-o", published);
        Assert.True(File.Exists(Path.Combine(published, "Small.weights")));
        Assert.Empty(Directory.GetFiles(published, "*.dll"));
        AssertOutput(network, Run(published, "User"));
    }

    [SkippableFact]
    public void RealModelGivesTheStoredNumbers()
    {
        string model = TestData.RequireModel("mnist_8");
        string data = TestData.DataSets("mnist_8")[0];
        string folder = CreateProject("mnist", "net10.0", "file");
        File.Copy(model, Path.Combine(folder, "small.onnx"));
        File.WriteAllBytes(Path.Combine(folder, "image.bin"), TensorProtoReader.ReadFile(Path.Combine(data, "input_0.pb")).Bytes);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), """
            using System.Globalization;
            using Cameo.Sessions;

            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            using CompiledModel model = new Networks.Small();
            using CompiledSession session = model.CreateSession();
            Tensor image = Tensor.FromBytes(ElementType.Float32, File.ReadAllBytes(args[0]), 1, 1, 28, 28);
            var outputs = session.Run(new Dictionary<string, Tensor> { ["Input3"] = image });
            Console.WriteLine(string.Join(' ', outputs["Plus214_Output_0"].AsSpan<float>().ToArray().Select(value => value.ToString("R"))));
            """);
        Build(folder);
        string output = DotNetCommand.Execute(Path.Combine(folder, "bin", "Release", "net10.0", "Application"), folder, fixture.Environment, "image.bin");

        // The tolerance that ONNX's backend tests use.
        byte[] expected = TensorProtoReader.ReadFile(Path.Combine(data, "output_0.pb")).Bytes;
        float[] actual = [.. output.Split(' ').Select(static number => float.Parse(number, CultureInfo.InvariantCulture))];
        Assert.Equal(expected.Length / sizeof(float), actual.Length);
        Assert.All(actual, (value, index) =>
        {
            float stored = BitConverter.ToSingle(expected, index * sizeof(float));
            Assert.InRange(value, stored - 1e-7f - (1e-3f * Math.Abs(stored)), stored + 1e-7f + (1e-3f * Math.Abs(stored)));
        });
    }

    [Fact]
    public void ModelOfSomeFrameworksIsAnError()
    {
        string folder = CreateProject("conditional", "net10.0;net9.0", "file");
        string project = Path.Combine(folder, "Application.csproj");
        File.WriteAllText(project, File.ReadAllText(project).Replace("<AdditionalFiles ", "<AdditionalFiles Condition=\"'$(TargetFramework)' == 'net10.0'\" ", StringComparison.Ordinal));
        File.WriteAllBytes(Path.Combine(folder, "small.onnx"), new SmallNetwork(1).ToOnnx());
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => Build(folder));
        Assert.Matches("small.onnx.*error CAMEO0056", exception.Message);
    }

    [Fact]
    public void EmbeddedWeightsNeedNoFile()
    {
        string folder = CreateProject("embedded", "net10.0", "embed");
        SmallNetwork network = new(5);
        File.WriteAllBytes(Path.Combine(folder, "small.onnx"), network.ToOnnx());
        Build(folder);
        string output = Path.Combine(folder, "bin", "Release", "net10.0");
        Assert.Empty(Directory.GetFiles(output, "*.weights"));
        AssertOutput(network, Run(output));
    }

    [Fact]
    public void DesignTimeBuildPassesOnlyTheText()
    {
        string folder = CreateProject("design-time", "net10.0", "file");
        File.WriteAllBytes(Path.Combine(folder, "small.onnx"), new SmallNetwork(1).ToOnnx());
        DotNet(folder, "restore");
        string arguments = DotNet(
            folder, "msbuild", "-t:Compile", "-p:Configuration=Release", "-p:DesignTimeBuild=true", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true",
            "-getItem:CscCommandLineArgs");
        Assert.Matches("/additionalfile:[^\"]*Small.onnx.json\"", arguments);
        Assert.DoesNotMatch("small.onnx\"", arguments);
        Assert.Empty(Directory.GetFiles(Path.Combine(folder, "obj", "cameo", "Release"), "*.weights"));
    }

    [Fact]
    public void FaultsOfAModelAreErrorsOfTheBuild()
    {
        string folder = CreateProject("faulty", "net10.0", "file");
        File.WriteAllBytes(Path.Combine(folder, "small.onnx"), new SmallNetwork(1).ToOnnx()[..500]);
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => Build(folder));
        Assert.Matches("small.onnx.*error CAMEO0002", exception.Message);
    }

    private static string Project(string frameworks, string items)
    {
        string property = frameworks.Contains(';', StringComparison.Ordinal) ? "TargetFrameworks" : "TargetFramework";
        return $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType Condition="Exists('Program.cs')">Exe</OutputType>
                <{property}>{frameworks}</{property}>
                <TargetFramework Condition="'$(AheadOfTime)' == 'true'">net9.0</TargetFramework>
                <PublishAot>$(AheadOfTime)</PublishAot>
                <RootNamespace>Networks</RootNamespace>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <InvariantGlobalization>true</InvariantGlobalization>
              </PropertyGroup>
              <ItemGroup>
                {items}
              </ItemGroup>
            </Project>
            """;
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static void AssertOutput(SmallNetwork network, string output)
    {
        double[] actual = [.. output.Split(' ').Select(static number => double.Parse(number, CultureInfo.InvariantCulture))];
        double[] expected = network.Expected;
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), static pair => Assert.InRange(pair.Second - pair.First, -Tolerance, Tolerance));
    }

    /// <summary>When every file of the project was written.</summary>
    private static Dictionary<string, DateTime> Stamps(string folder)
        => Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToDictionary(static file => file, File.GetLastWriteTimeUtc);

    private string CreateProject(string name, string frameworks, string weights)
    {
        string folder = fixture.CreateFolder(name);
        File.WriteAllText(Path.Combine(folder, "Application.csproj"), Project(frameworks, $"""
            <PackageReference Include="Cameo" Version="{fixture.Version}" />
                <AdditionalFiles Include="small.onnx" OnnxWeights="{weights}" />
            """));
        File.WriteAllText(Path.Combine(folder, "Program.cs"), Program);
        return folder;
    }

    private string Build(string folder, params string[] arguments) => DotNet(folder, ["build", "-c", "Release", .. arguments]);

    private string DotNet(string folder, params string[] arguments) => DotNetCommand.Run(folder, fixture.ConsumerEnvironment, arguments);

    private string Run(string folder, string name = "Application")
    {
        string program = Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name);
        string[] input = [.. SmallNetwork.Input.Select(static value => value.ToString("R", CultureInfo.InvariantCulture))];
        return DotNetCommand.Execute(program, folder, fixture.Environment, input).Trim();
    }
}
