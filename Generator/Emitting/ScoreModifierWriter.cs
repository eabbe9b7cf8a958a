using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Emitting;

/// <summary>Writes the struct that an attention applies to its scores or to its probabilities: an <c>IScoreModifier</c>, lanes along keys.</summary>
internal static class ScoreModifierWriter
{
    private static readonly string[] Indices = ["batch", "head", "query", "key"];

    /// <summary>Whether the struct can read a tensor [batch, heads, queries, keys]: lanes must be dense or all the same.</summary>
    public static bool IsAddressable(View view) => view.Strides[3] == Dimension.One || view.Strides[3] == Dimension.Zero;

    /// <summary>Writes the struct and returns the C# that constructs it.</summary>
    /// <param name="kind">End of the struct's name.</param>
    /// <param name="summary">What it is applied to, for its comment.</param>
    /// <param name="modification">What is done to an element.</param>
    /// <param name="tensors">The node's tensors, of which it reads some, broadcast to [batch, heads, queries, keys].</param>
    /// <param name="writer">The kernel's writer.</param>
    public static string Write(string kind, string summary, AttentionModification modification, IReadOnlyList<View> tensors, KernelWriter writer)
    {
        string name = $"{writer.Name}{kind}";
        ISet<int> read = modification.ReadInputs();
        var parameters = new StructParameters(writer);
        var body = new CodeWriter();
        string[] loads =
        [
            .. Indices.Select(index => index == "key" ? "(V.Broadcast(key) + V.LaneIndices)" : $"V.Broadcast({index})"),
            .. tensors.Select((view, index) => !read.Contains(AttentionModification.FirstTensor + index) ? "" : Load(view, parameters.Pointer(view, $"tensor{index}"), parameters)),
        ];
        string result = EpilogueWriter.Write(modification.Expression, body, loads, parameters, new Dictionary<string, int>(StringComparer.Ordinal));
        writer.Helper(code =>
        {
            code.Line($"/// <summary>What {writer.Name} does to {summary}.</summary>");
            using (code.Block($"file readonly unsafe struct {name}{(parameters.IsEmpty ? "" : parameters.Declaration)} : IScoreModifier"))
            {
                code.Line("[MethodImpl(MethodImplOptions.AggressiveInlining)]");
                using (code.Block("public V Apply<V>(V value, nint batch, nint head, nint query, nint key)\n    where V : struct, IVector<V>"))
                {
                    code.Line($"{body}return {result};");
                }
            }
        });
        return parameters.IsEmpty ? $"default({name})" : $"new {name}{parameters.Arguments}";
    }

    private static string Load(View view, string pointer, StructParameters parameters)
    {
        string address = pointer;
        for (int axis = 0; axis < Indices.Length; axis++)
        {
            if (view.Strides[axis] != Dimension.Zero)
            {
                address += view.Strides[axis] == Dimension.One ? $" + {Indices[axis]}" : $" + {Indices[axis]} * ({parameters.Size(view.Strides[axis])})";
            }
        }

        return view.Strides[3] == Dimension.Zero ? $"V.Broadcast(*({address}))" : $"V.Load({address})";
    }
}
