using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Sizes of a search for texts, which its nodes have as one small tensor: texts, sequences of each, tokens of a sequence at most.</summary>
internal sealed class SearchSizes
{
    private SearchSizes(IReadOnlyList<Dimension> elements)
    {
        Batch = elements[0];
        Beams = elements[1];
        Capacity = elements[2];
    }

    public Dimension Batch { get; }

    public Dimension Beams { get; }

    public Dimension Capacity { get; }

    /// <summary>Sequences of all texts.</summary>
    public Dimension Rows => Batch * Beams;

    /// <summary>32-bit words of the search's memory: see <c>TextSearchState</c>.</summary>
    public Dimension Words => 8 + Rows * (3 * Capacity + 4) + 2 * Batch;

    /// <summary>The sizes that an input of a node holds.</summary>
    public static SearchSizes Read(Node node, int input, InferenceContext context) => new(context.RequiredElements(node, input, "the sizes of the search"));

    /// <summary>As <see cref="Read"/> once all is inferred.</summary>
    public static SearchSizes Of(Node node, int input) => new(node.Input(input).Elements!);

    /// <summary>"batch, beams, capacity" as arguments.</summary>
    public string Arguments(KernelWriter writer) => $"{writer.Size(Batch)}, {writer.Size(Beams)}, {writer.Size(Capacity)}";
}
