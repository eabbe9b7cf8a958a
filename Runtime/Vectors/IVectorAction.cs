namespace Cameo.Vectors;

/// <summary>A piece of work written once for every vector type; <see cref="VectorDispatch"/> chooses the type.</summary>
public interface IVectorAction
{
    /// <summary>Does the work with vectors of type <typeparamref name="V"/>.</summary>
    void Run<V>()
        where V : struct, IVector<V>;
}
