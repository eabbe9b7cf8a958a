namespace Cameo.Generator.Graphs;

/// <summary>A model as read: its graph and what its file says about itself.</summary>
/// <param name="Graph">The main graph, with functions already inlined.</param>
/// <param name="Opsets">Imported operator sets, by domain.</param>
/// <param name="Producer">Name and version of the exporter, possibly empty.</param>
/// <param name="Metadata">The model's own metadata, without the build's options.</param>
internal sealed record Model(Graph Graph, IReadOnlyDictionary<string, int> Opsets, string Producer, IReadOnlyDictionary<string, string> Metadata);
