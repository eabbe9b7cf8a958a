using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.ControlFlow;

/// <summary>Compiles models that tests build, in a folder that is deleted with it.</summary>
internal sealed class SmallModels : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Compiles and loads; fails with the compiler's reason where it refuses.</summary>
    public CompiledModel Load(string name, OnnxModelBuilder builder, params (string Key, string Value)[] options)
    {
        ModelCompilation compilation = Compile(name, builder, options);
        GeneratedAssembly.Build([compilation]);
        return compilation.CreateModel();
    }

    /// <summary>The message with which the compiler refuses a model.</summary>
    public string Refusal(string name, OnnxModelBuilder builder, params (string Key, string Value)[] options)
    {
        ModelCompilation compilation = Compile(name, builder, options);
        return compilation.Refusal?.Message ?? throw new InvalidOperationException($"Not refused. {compilation.Explain()}");
    }

    public ModelCompilation Compile(string name, OnnxModelBuilder builder, params (string Key, string Value)[] options)
    {
        string path = Path.Combine(_folder.Path, name + ".onnx");
        File.WriteAllBytes(path, builder.ToBytes());
        return ModelCompilation.Run(name, path, name, Path.Combine(_folder.Path, name), options.ToDictionary(static option => option.Key, static option => option.Value));
    }

    /// <summary>Runs with the given inputs and returns one float output.</summary>
    public static float[] Run(CompiledSession session, string output, params (string Name, Tensor Value)[] inputs) =>
        session.Run(inputs.ToDictionary(static input => input.Name, static input => input.Value))[output].AsSpan<float>().ToArray();
}
