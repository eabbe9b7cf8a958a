using Cameo.Generator;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Recognition;

/// <summary>All spellings, compiled into one assembly.</summary>
public sealed class AttentionFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, ModelCompilation> _models = new(StringComparer.Ordinal);

    public AttentionFixture()
    {
        foreach (AttentionCase current in AttentionCases.All.Values)
        {
            var spelling = new AttentionSpelling(current.Opset);
            foreach ((string name, var type, object[] declared, _) in current.Inputs)
            {
                spelling.Builder.Input(name, type, declared);
            }

            string[] outputs = current.Write(spelling);
            for (int output = 0; output < outputs.Length; output++)
            {
                spelling.Builder.Node("Identity", [outputs[output]], [$"y{output}"]).Output($"y{output}");
            }

            string path = _folder.File(current.Name + ".onnx");
            File.WriteAllBytes(path, spelling.Builder.ToBytes());
            _models[current.Name] = ModelCompilation.Run(current.Name, path, current.Name, _folder.File(current.Name));
        }

        GeneratedAssembly.Build([.. _models.Values]);
    }

    internal ModelCompilation Model(string name) => _models[name];

    /// <summary>The graph after recognition, a node a line.</summary>
    internal string[] Graph(string name)
    {
        CompileResult result = ModelCompiler.Compile(Model(name).GraphText!, new CompileSettings { Validate = true, DumpStages = true });
        return result.Stages.Single(static stage => stage.Stage == "recognition").Text.Split('\n');
    }

    public void Dispose() => _folder.Dispose();
}
