namespace Cameo.Generator.Lowering;

/// <summary>Columns of a product that go into a cache.</summary>
internal sealed record CacheRange(long Begin, long End, CacheAppend Append);
