using Cameo.Generator.Diagnostics;

namespace Cameo.Generator.Pipeline;

/// <summary>What the pipeline keeps of a compilation, compared by value.</summary>
internal sealed record CompiledModel(EquatableArray<GeneratedSource> Sources, EquatableArray<LocatedDiagnostic> Diagnostics)
{
    public static CompiledModel From(GraphText text, CompileResult result)
        => new([.. result.Sources], [.. result.Diagnostics.Select(diagnostic => new LocatedDiagnostic(text.Path, diagnostic))]);

    /// <summary>An unexpected exception: the other models and the rest of the project still compile.</summary>
    public static CompiledModel From(GraphText text, Exception exception)
    {
        string trace = (exception.StackTrace ?? "").Replace("\r", "").Replace("\n", " ");
        string message = $"Compiling the model '{text.Name}' failed unexpectedly; please report it with the model. {exception.GetType().Name}: {exception.Message} {trace}";
        return new([], [new LocatedDiagnostic(text.Path, new DiagnosticInfo(DiagnosticIds.InternalError, DiagnosticLevel.Error, message))]);
    }
}
