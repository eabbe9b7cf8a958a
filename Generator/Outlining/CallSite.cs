namespace Cameo.Generator.Outlining;

/// <summary>A method of generated code: a kernel, or the kernels at one place of a repeated block.</summary>
/// <param name="Template">Code of the first kernel, and but for its holes that of all.</param>
/// <param name="Loops">The loops it is called in, outermost first.</param>
/// <param name="Kernels">Positions of the kernels among all, in order of execution.</param>
internal sealed record CallSite(KernelTemplate Template, IReadOnlyList<LoopVariable> Loops, IReadOnlyList<int> Kernels)
{
    public int First => Kernels[0];

    public int Repetitions => Kernels.Count;

    public bool IsRepeated => Kernels.Count > 1;

    /// <summary>Declarations of the parameters: "int layer".</summary>
    public string Parameters => string.Join(", ", Loops.Select(loop => $"int {loop.Name}"));
}
